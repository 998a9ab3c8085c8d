import { status } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { Item, ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { createClientFactory } from "@grpc-kit/grpc-client";
import { startTestServer } from "@grpc-kit/grpc-client/testing";
import { isGrpcCallError, StatusError } from "@grpc-kit/grpc-status";

// Somebody to call.
const server = await startTestServer(ItemServiceService, {
  async getItem({ id }) {
    if (id !== "7") {
      throw new StatusError(status.NOT_FOUND, `there is no item ${id}`);
    }
    return Item.create({ id, name: "a lamp" });
  },
  async *listItems() {
    yield Item.create({ name: "a lamp" });
    yield Item.create({ name: "a chair" });
  },
});
server.failNext(ItemServiceService.getItem, status.UNAVAILABLE);

// Once for the process. The descriptors say which methods may be sent twice.
const clients = createClientFactory({ descriptorSets: [fileDescriptorSet()] });
const channel = clients.createChannel(server.target, { credentials: "insecure" });
const items = clients.createStub(ItemServiceService, channel);

const { name } = await items.getItem({ id: "7" }, { timeoutMs: 2_000 });
console.log(`${name}, by call ${server.calls.length}`);

const all = { pageSize: 10, pageToken: "", filter: "" };
for await (const item of items.listItems(all, { timeoutMs: 5_000 })) {
  console.log(item.name);
}

try {
  await items.getItem({ id: "8" });
} catch (error) {
  console.log(isGrpcCallError(error) && error.message);
}

await clients.close();
await server.stop();
