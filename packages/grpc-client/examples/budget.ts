import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { Item, ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { createClientFactory } from "@grpc-kit/grpc-client";
import { startTestServer } from "@grpc-kit/grpc-client/testing";

// A call of 1000 ms leads to another, which gets what the first has left, less what it needs to answer.
const clients = createClientFactory();

const stock = await startTestServer(ItemServiceService, {
  async getItem({ id }, { timeRemaining, signal }) {
    const hasShrunk = timeRemaining() <= 850;
    console.log(`stock has at most 850 ms: ${hasShrunk}`);
    signal.addEventListener("abort", () => console.log("stock is told to stop"));
    await delay(60_000, undefined, { signal });
    return Item.create({ id });
  },
});
const stockItems = clients.createStub(
  ItemServiceService,
  clients.createChannel(stock.target, { credentials: "insecure" }),
);

const shop = await startTestServer(ItemServiceService, {
  async getItem({ id }) {
    await delay(100);
    // No timeout and no signal are passed on: the stub knows the call that it is made in.
    return await stockItems.getItem({ id });
  },
});
const shopItems = clients.createStub(
  ItemServiceService,
  clients.createChannel(shop.target, { credentials: "insecure" }),
);

const error = await shopItems.getItem({ id: "7" }, { timeoutMs: 1_000 }).catch((reason) => reason);
console.log(`shop says ${status[error.code]}`);

await clients.close();
await shop.stop();
await stock.stop();
