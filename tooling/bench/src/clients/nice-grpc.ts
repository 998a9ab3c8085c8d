/** nice-grpc's client. */
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { createChannel, createClient } from "nice-grpc";
import { asyncMessages, playPingPong, serveOrders } from "./client-engine.ts";

serveOrders((address) => {
  const client = createClient(FixtureServiceService, createChannel(address));
  return {
    unary: (request) => client.unary(request),
    serverStream: (request) => client.serverStream(request),
    clientStream: (count) => client.clientStream(asyncMessages(count)),
    pingPong: (count) => playPingPong(client.bidi, count),
  };
});
