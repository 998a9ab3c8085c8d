/** grpc-js alone, made into promises by hand. */
import { once } from "node:events";
import { credentials } from "@grpc/grpc-js";
import { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { type Message, messages, serveOrders } from "./client-engine.ts";

serveOrders((address) => {
  const client = new FixtureServiceClient(address, credentials.createInsecure());
  return {
    unary: (request) =>
      new Promise((resolve, reject) => {
        client.unary(request, (error, response) =>
          error === null ? resolve(response) : reject(error),
        );
      }),
    serverStream: (request) => client.serverStream(request),
    async clientStream(count) {
      const reply = Promise.withResolvers<Message>();
      const call = client.clientStream((error, response) =>
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
      const call = client.bidi();
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
});
