import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import type { ResponseStreamOptions, SingleResponseOptions } from "./call-options.ts";

/** What a client sends in a stream: an array, a generator, or whatever else can be iterated. */
export type Requests<Request> = Iterable<Request> | AsyncIterable<Request>;

type StubMethod<Method> =
  Method extends MethodDefinition<infer Request, infer Response>
    ? Method extends { readonly requestStream: true; readonly responseStream: true }
      ? (
          requests: Requests<Request>,
          options?: ResponseStreamOptions,
        ) => AsyncIterableIterator<Response>
      : Method extends { readonly requestStream: true }
        ? (requests: Requests<Request>, options?: SingleResponseOptions) => Promise<Response>
        : Method extends { readonly responseStream: true }
          ? (request: Request, options?: ResponseStreamOptions) => AsyncIterableIterator<Response>
          : (request: Request, options?: SingleResponseOptions) => Promise<Response>
    : never;

/**
 * The methods of a service as functions, by their names in the definition. Calls that fail reject, or
 * throw while iterated, with a GrpcCallError.
 */
export type Stub<Definition extends ServiceDefinition> = {
  readonly [Name in keyof Definition]: StubMethod<Definition[Name]>;
};
