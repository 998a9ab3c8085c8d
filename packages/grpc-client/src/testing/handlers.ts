import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import type { ServedCall } from "@grpc-kit/grpc-context";

/** What a handler knows of its call. It is that of `@grpc-kit/grpc-server`. */
export interface CallContext extends ServedCall {
  /** The caller's address; "in-memory" for a fake stub. */
  readonly peer: string;
  /** Milliseconds until the deadline: 0 once it has passed, Infinity if there is none. */
  timeRemaining(): number;
  /** Sends an entry with the first message. After it, the entry is dropped. */
  setHeader(key: string, value: string | Uint8Array): void;
  /** Sends an entry with the status, whether the call succeeds or fails. */
  setTrailer(key: string, value: string | Uint8Array): void;
}

/**
 * An async function, or for a stream of responses an async generator. A stream of requests is an
 * AsyncIterable, which throws if the caller goes away before its end.
 */
export type Handler<Method> =
  Method extends MethodDefinition<infer Request, infer Response>
    ? (
        request: Method["requestStream"] extends true ? AsyncIterable<Request> : Request,
        context: CallContext,
      ) => Method["responseStream"] extends true
        ? AsyncIterable<Response> | Iterable<Response>
        : Promise<Response> | Response
    : never;

/** Handlers of a service, those of `@grpc-kit/grpc-server` included. Each call looks for its own. */
export type Handlers<Definition extends ServiceDefinition> = {
  readonly [Name in keyof Definition]?: Handler<Definition[Name]>;
};
