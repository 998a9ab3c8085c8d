import type { ClientFactory } from "@grpc-kit/grpc-client";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { type Calls, messages, playPingPong } from "./client-engine.ts";

/** The calls of a stub that is made with the defaults for channels. */
export function stubCalls(factory: ClientFactory, address: string): Calls {
  const channel = factory.createChannel(address, { credentials: "insecure" });
  const stub = factory.createStub(FixtureServiceService, channel);
  return {
    unary: (request) => stub.unary(request),
    serverStream: (request) => stub.serverStream(request, {}),
    clientStream: (count) => stub.clientStream(messages(count)),
    pingPong: (count) => playPingPong((requests) => stub.bidi(requests, {}), count),
  };
}
