import type { MethodDefinition } from "@grpc/grpc-js";
import type { ErrorToStatus } from "@grpc-kit/grpc-status";
import type { CallContext } from "./call-context.ts";
import type { RouteDeadline } from "./deadlines.ts";
import type { TypicalLatency } from "./typical-latency.ts";

/** A method with its handler: all that does not change from call to call. */
export interface Route {
  readonly path: string;
  /** The full name of its service: "examples.ItemService". */
  readonly service: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** The four kinds of handler, seen from below: one or many requests to one or many answers. */
  readonly handle: (request: unknown, context: CallContext) => unknown;
  readonly serialize: (response: unknown) => Buffer;
  /** Where a message waits that is serialised already, while it is passed to grpc-js. */
  readonly handOver: HandOver;
  /** Takes every error that the caller is not told everything of. */
  readonly onError: OnError;
  readonly errorToStatus: ErrorToStatus;
  readonly deadline: RouteDeadline;
  /** How long the handler usually takes; undefined for streams, which take what their callers take. */
  readonly latency: TypicalLatency | undefined;
  /** Whether its calls run however many do already. */
  readonly isExempt: boolean;
  /** Whether its calls end as soon as the server drains. */
  readonly isLongLived: boolean;
}

/** `errorId` is what the caller was told in place of the error; undefined if its call had ended. */
export type OnError = (error: unknown, context: CallContext, errorId: string | undefined) => void;

export interface HandOver {
  bytes: Buffer | undefined;
}

/** The method, but its serializer takes the bytes that wait in `handOver`, if any do. */
export function withHandOver<Request, Response>(
  method: MethodDefinition<Request, Response>,
  handOver: HandOver,
): MethodDefinition<Request, Response> {
  return {
    ...method,
    responseSerialize: (message) => handOver.bytes ?? method.responseSerialize(message),
  };
}
