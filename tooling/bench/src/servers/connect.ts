/** connect-node, which speaks gRPC over node:http2, with protobuf-es. */
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, createFileRegistry, fromBinary, type Message } from "@bufbuild/protobuf";
import type { GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { tellUsage } from "@grpc-kit/testing/bench";
import { fileDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";

type Envelope = Message & { readonly count: bigint; readonly payload: Uint8Array };
type Method<Kind> = {
  readonly methodKind: Kind;
  readonly input: GenMessage<Envelope>;
  readonly output: GenMessage<Envelope>;
};
/** What protoc-gen-es would have written. */
type FixtureService = GenService<{
  unary: Method<"unary">;
  serverStream: Method<"server_streaming">;
  clientStream: Method<"client_streaming">;
  bidi: Method<"bidi_streaming">;
}>;

const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet()));
const service = files.getService("fixtures.FixtureService") as FixtureService;
const { input: envelope } = service.method.unary;

const handler = connectNodeAdapter({
  routes: (router) =>
    router.service(service, {
      unary: (request) => request,
      async *serverStream({ count, payload }) {
        const message = create(envelope, { payload });
        for (let left = count; left > 0n; left -= 1n) {
          yield message;
        }
      },
      async clientStream(requests) {
        let count = 0n;
        for await (const _ of requests) {
          count += 1n;
        }
        return create(envelope, { count });
      },
      bidi: (requests) => requests,
    }),
});
const server = createServer(handler);
server.listen(0, "127.0.0.1", () => tellUsage((server.address() as AddressInfo).port));
