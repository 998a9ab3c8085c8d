import { once } from "node:events";
import { connect } from "node:http2";
import { status } from "@grpc/grpc-js";
import { HealthReportServiceService } from "@grpc-kit/generated-protos/common/health";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { Item, ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { createClientFactory } from "@grpc-kit/grpc-client";
import { startTestServer } from "@grpc-kit/grpc-client/testing";
import { createGrpcServer } from "@grpc-kit/grpc-server";
import { expect, it, onTestFinished } from "vitest";

// What the manifests for Istio count on, on the wire.

it("a call that fails has its status in the headers, the only place where Envoy looks for it", async () => {
  const server = createGrpcServer({ host: "127.0.0.1", port: 0, insecure: true, onError() {} });
  server.addService(HealthReportServiceService, {
    getHealthReport() {
      throw new Error("a defect");
    },
  });
  const { port } = await server.start();
  onTestFinished(() => server.stop());
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  const call = session.request({
    ":method": "POST",
    ":path": HealthReportServiceService.getHealthReport.path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  call.end(Buffer.alloc(5)); // One empty message.
  const [headers] = await once(call, "response");
  expect(headers["grpc-status"]).toBe(String(status.INTERNAL));
});

it("a call that grpc-client sends again says so, by which the mesh leaves it alone", async () => {
  const server = await startTestServer(ItemServiceService, {
    getItem: async ({ id }) => Item.create({ id }),
  });
  onTestFinished(() => server.stop());
  server.failNext(ItemServiceService.getItem, status.UNAVAILABLE);
  const clients = createClientFactory({ descriptorSets: [fileDescriptorSet()] });
  onTestFinished(() => clients.close());
  const channel = clients.createChannel(server.target, { credentials: "insecure" });
  const items = clients.createStub(ItemServiceService, channel);
  await items.getItem({ id: "7" }, { timeoutMs: 10_000 });
  const said = server.calls.map(({ metadata }) => metadata.get("grpc-previous-rpc-attempts"));
  expect(said).toEqual([[], ["1"]]);
});
