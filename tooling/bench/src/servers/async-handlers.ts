import { Envelope } from "@grpc-kit/testing/fixtures";

interface AsyncHandlers {
  unary(request: Envelope): Promise<Envelope>;
  serverStream(request: Envelope): AsyncGenerator<Envelope>;
  clientStream(requests: AsyncIterable<Envelope>): Promise<Envelope>;
  bidi(requests: AsyncIterable<Envelope>): AsyncGenerator<Envelope>;
}

/** The fixture service as async functions and generators, as grpc-server and nice-grpc have them. */
export const asyncHandlers: AsyncHandlers = {
  async unary(request) {
    return request;
  },
  async *serverStream({ count, payload }) {
    const message = Envelope.create({ payload });
    for (let left = count; left > 0n; left -= 1n) {
      yield message;
    }
  },
  async clientStream(requests) {
    let count = 0n;
    for await (const _ of requests) {
      count += 1n;
    }
    return Envelope.create({ count });
  },
  async *bidi(requests) {
    yield* requests;
  },
};
