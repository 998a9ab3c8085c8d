/** What the first process sends to a worker. */
export type ToWorker =
  /** `isReplaced`: another worker is ready in its place. */
  | { readonly type: "grpc-kit:stop"; readonly isReplaced: boolean }
  | { readonly type: "grpc-kit:tell-metrics" }
  /** No connection is on its way to the worker any more. */
  | { readonly type: "grpc-kit:let-go" };

/** What a worker sends to the first process. */
export type FromWorker =
  /** It hears messages from now on. */
  | { readonly type: "grpc-kit:started" }
  | { readonly type: "grpc-kit:ready" }
  /** It has closed its servers, and waits to be let go. */
  | { readonly type: "grpc-kit:leaving" }
  /** Metrics as JSON, in which numbers that JSON does not know are strings. */
  | { readonly type: "grpc-kit:metrics"; readonly json: string }
  | { readonly type: "grpc-kit:metrics-failed"; readonly message: string };

/** Whether a message is of this type. Programs send messages of their own on the same channel. */
export function isMessage<Type extends (ToWorker | FromWorker)["type"]>(
  message: unknown,
  type: Type,
): message is Extract<ToWorker | FromWorker, { type: Type }> {
  return typeof message === "object" && message !== null && "type" in message
    ? message.type === type
    : false;
}
