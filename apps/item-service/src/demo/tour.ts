import type {
  CreateItemRequest,
  Item,
  ItemServiceClient,
  ItemSyncRequest,
} from "@grpc-kit/generated-protos/examples/items";
import { toCallError } from "@grpc-kit/grpc-status";
import { all, one } from "./calls.ts";
import { show } from "./show.ts";

/**
 * Calls every method of the service once or more and prints what it sent and got. The items that it
 * creates have skus that begin with `prefix`, and it deletes them again.
 */
export async function tour(client: ItemServiceClient, prefix: string): Promise<void> {
  const lamp = {
    name: "Desk lamp",
    description: "",
    sku: `${prefix}-lamp`,
    quantity: 10,
    price: 24.9,
  };
  const { id } = await create(client, lamp);
  await get(client, id);
  await update(client, id);
  await failToCreate(client, lamp);
  const createdIds = await createMany(client, prefix);
  await list(client, prefix);
  await sync(client, { ...lamp, name: "Desk lamp, black", quantity: 3 }, createdIds);
  await remove(client, id);
}

async function create(client: ItemServiceClient, request: CreateItemRequest): Promise<Item> {
  const { reply, ms } = await one<Item>((done) => client.createItem(request, done));
  show({ method: "CreateItem", kind: "unary", ms, sent: [request], got: [reply] });
  return reply;
}

async function get(client: ItemServiceClient, id: string): Promise<void> {
  const { reply, ms } = await one<Item>((done) => client.getItem({ id }, done));
  show({ method: "GetItem", kind: "unary", ms, sent: [{ id }], got: [reply] });
}

async function update(client: ItemServiceClient, id: string): Promise<void> {
  const request = { id, price: 19.9 };
  const { reply, ms } = await one<Item>((done) => client.updateItem(request, done));
  show({ method: "UpdateItem", kind: "unary", ms, sent: [request], got: [reply] });
}

async function failToCreate(client: ItemServiceClient, lamp: CreateItemRequest): Promise<void> {
  for (const request of [lamp, { ...lamp, quantity: -1 }]) {
    const startMs = performance.now();
    const failure = await one<Item>((done) => client.createItem(request, done)).then(
      () => "an item, where an error was expected",
      (error: unknown) => {
        const { message, reason } = toCallError(error);
        return `${message} (reason ${reason})`;
      },
    );
    const ms = performance.now() - startMs;
    show({ method: "CreateItem", kind: "unary", ms, sent: [request], got: [failure] });
  }
}

async function createMany(client: ItemServiceClient, prefix: string): Promise<readonly string[]> {
  const requests = ["chair", "desk", "shelf"].map((name, index) => ({
    name,
    description: "",
    // The third has the sku of the first, so it cannot be created.
    sku: `${prefix}-${["chair", "desk", "chair"][index]}`,
    quantity: 5 + index,
    price: 99.5,
  }));
  const { reply, ms } = await one<{ createdIds: string[] }>((done) => {
    const stream = client.batchCreateItems(done);
    for (const request of requests) {
      stream.write(request);
    }
    stream.end();
  });
  show({ method: "BatchCreateItems", kind: "client stream", ms, sent: requests, got: [reply] });
  return reply.createdIds;
}

async function list(client: ItemServiceClient, prefix: string): Promise<void> {
  let pageToken = "";
  do {
    const request = { pageSize: 2, pageToken, filter: `sku : "${prefix}" AND quantity >= 5` };
    const { replies, trailers, ms } = await all(client.listItems(request));
    pageToken = String(trailers.get("next-page-token")[0] ?? "");
    const items = replies.map(({ name, sku, quantity, price }) => ({ name, sku, quantity, price }));
    const trailer = pageToken === "" ? "no more pages" : `next-page-token ${pageToken}`;
    show({
      method: "ListItems",
      kind: "server stream",
      ms,
      sent: [request],
      got: [...items, trailer],
    });
  } while (pageToken !== "");
}

async function sync(
  client: ItemServiceClient,
  changed: CreateItemRequest,
  ids: readonly string[],
): Promise<void> {
  const upsert: Item = {
    ...changed,
    id: "",
    isActive: true,
    createdAt: undefined,
    updatedAt: undefined,
  };
  const deletions = [...ids, "no-such-id"].map((id) => ({ $case: "deleteId", value: id }) as const);
  const actions: ItemSyncRequest[] = [
    { action: { $case: "upsert", value: upsert } },
    ...deletions.map((action) => ({ action })),
  ];
  const stream = client.syncItems();
  for (const action of actions) {
    stream.write(action);
  }
  stream.end();
  const { replies, ms } = await all(stream);
  const sent = [{ upsert }, ...deletions.map(({ value }) => ({ deleteId: value }))];
  show({ method: "SyncItems", kind: "bidi stream", ms, sent, got: replies });
}

async function remove(client: ItemServiceClient, id: string): Promise<void> {
  const { ms } = await one<object>((done) => client.deleteItem({ id }, done));
  show({ method: "DeleteItem", kind: "unary", ms, sent: [{ id }], got: ["done"] });
}
