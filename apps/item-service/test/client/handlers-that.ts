import type { CallContext } from "@grpc-kit/grpc-server";
import type { Envelope } from "@grpc-kit/testing/fixtures";
import type { FixtureHandlers } from "../interceptors/serve-standard.ts";

/** Handlers of all kinds that answer once with the last request, after `before`. */
export function handlersThat(before: (context: CallContext) => unknown): FixtureHandlers {
  const last = async (requests: AsyncIterable<Envelope>, context: CallContext) => {
    let request: unknown;
    for await (request of requests) {
    }
    await before(context);
    return request as Envelope;
  };
  return {
    async unary(request, context) {
      await before(context);
      return request;
    },
    async *serverStream(request, context) {
      await before(context);
      yield request;
    },
    clientStream: last,
    async *bidi(requests, context) {
      yield await last(requests, context);
    },
  };
}
