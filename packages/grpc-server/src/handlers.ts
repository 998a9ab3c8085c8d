import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import type { CallContext } from "./call-context.ts";

/** One request, one answer. */
export type UnaryHandler<Request, Response> = (
  request: Request,
  context: CallContext,
) => Promise<Response> | Response;

/** One request, many answers. Usually an async generator; it goes on as fast as the caller reads. */
export type ServerStreamHandler<Request, Response> = (
  request: Request,
  context: CallContext,
) => AsyncIterable<Response> | Iterable<Response>;

/**
 * Many requests, one answer, which may come before the last request. The iteration ends only when
 * the caller has sent everything; if it goes away before, the iteration throws.
 */
export type ClientStreamHandler<Request, Response> = (
  requests: AsyncIterable<Request>,
  context: CallContext,
) => Promise<Response> | Response;

/** Many requests, many answers, in any order of reading and writing. */
export type BidiHandler<Request, Response> = (
  requests: AsyncIterable<Request>,
  context: CallContext,
) => AsyncIterable<Response> | Iterable<Response>;

/** The handler that a method wants. */
export type Handler<Definition> =
  Definition extends MethodDefinition<infer Request, infer Response>
    ? Definition["requestStream"] extends true
      ? Definition["responseStream"] extends true
        ? BidiHandler<Request, Response>
        : ClientStreamHandler<Request, Response>
      : Definition["responseStream"] extends true
        ? ServerStreamHandler<Request, Response>
        : UnaryHandler<Request, Response>
    : never;

/**
 * A handler for each method of a service, whose definition ts-proto writes: an object literal, or an
 * instance of a class.
 */
export type Handlers<Definition extends ServiceDefinition> = {
  readonly [Name in keyof Definition]: Handler<Definition[Name]>;
};
