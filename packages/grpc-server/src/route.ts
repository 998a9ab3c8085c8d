import type { MethodDefinition } from "@grpc/grpc-js";
import type { CallContext } from "./call-context.ts";

/** What the latest serialisation for a method came to; undefined where it has not run. */
export interface EncodedMessage {
  bytes: number | undefined;
  failure: { readonly cause: unknown } | undefined;
}

/** A method with its handler: all that does not change from call to call. */
export interface Route {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** The four kinds of handler, seen from below: one or many requests to one or many answers. */
  readonly handle: (request: unknown, context: CallContext) => unknown;
  readonly encoded: EncodedMessage;
  /** Takes every error that the caller is not told of. */
  readonly onError: (error: unknown, context: CallContext) => void;
}

/**
 * The method, its serializer changed so that `encoded` tells whether and how a message that was just
 * passed to grpc-js was serialised. It is not, yet, when an interceptor holds on to the message.
 */
export function watchSerializer<Request, Response>(
  method: MethodDefinition<Request, Response>,
  encoded: EncodedMessage,
): MethodDefinition<Request, Response> {
  return {
    ...method,
    responseSerialize: (message) => {
      try {
        const bytes = method.responseSerialize(message);
        encoded.bytes = bytes.byteLength;
        return bytes;
      } catch (cause) {
        encoded.failure = { cause };
        throw cause;
      }
    },
  };
}
