/** Connect's client over gRPC, with a schema made from descriptors. */
import { createFileRegistry, type DescService, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { Envelope } from "@grpc-kit/testing/fixtures";
import { fileDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";
import { asyncMessages, type Message, playPingPong, serveOrders } from "./client-engine.ts";

/** What the schema makes of the client; types are only known of generated code. */
interface FixtureClient {
  unary(request: Envelope): Promise<Message>;
  serverStream(request: Envelope): AsyncIterable<Message>;
  clientStream(requests: AsyncIterable<Envelope>): Promise<Message>;
  bidi(requests: AsyncIterable<Envelope>): AsyncIterable<Message>;
}

serveOrders((address) => {
  const transport = createGrpcTransport({ baseUrl: `http://${address}` });
  const client = createClient(fixtureService(), transport) as unknown as FixtureClient;
  return {
    unary: (request) => client.unary(request),
    serverStream: (request) => client.serverStream(request),
    clientStream: (count) => client.clientStream(asyncMessages(count)),
    pingPong: (count) => playPingPong((requests) => client.bidi(requests), count),
  };
});

function fixtureService(): DescService {
  const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet()));
  const service = files.getService("fixtures.FixtureService");
  if (service === undefined) {
    throw new TypeError("the descriptors must have fixtures.FixtureService");
  }
  return service;
}
