import { once } from "node:events";
import { type CallOptions, credentials, type Metadata } from "@grpc/grpc-js";
import { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { type Calls, type Message, messages } from "./client-engine.ts";

/** The calls of a client of grpc-js, made into promises by hand. `extras` go with each of them. */
export function grpcJsCalls(address: string, extras: () => [Metadata, CallOptions]): Calls {
  const client = new FixtureServiceClient(address, credentials.createInsecure());
  return {
    unary: (request) =>
      new Promise((resolve, reject) => {
        client.unary(request, ...extras(), (error, response) =>
          error === null ? resolve(response) : reject(error),
        );
      }),
    serverStream: (request) => client.serverStream(request, ...extras()),
    async clientStream(count) {
      const reply = Promise.withResolvers<Message>();
      const call = client.clientStream(...extras(), (error, response) =>
        error === null ? reply.resolve(response) : reply.reject(error),
      );
      for (const message of messages(count)) {
        if (!call.write(message)) {
          await once(call, "drain");
        }
      }
      call.end();
      return reply.promise;
    },
    async pingPong(count) {
      const call = client.bidi(...extras());
      const received: Message[] = [];
      const requests = messages(count);
      const sendNext = (): void => {
        const { value, done } = requests.next();
        if (done === true) {
          call.end();
        } else {
          call.write(value);
        }
      };
      sendNext();
      for await (const message of call) {
        received.push(message);
        sendNext();
      }
      return received;
    },
  };
}
