import type {
  CreateItemRequest,
  Item,
  ItemSyncRequest,
} from "@grpc-kit/generated-protos/examples/items";
import type { CallOptions, CallStatus } from "@grpc-kit/grpc-client";
import { all } from "./all.ts";
import type { Items } from "./items.ts";
import { safeWrites } from "./safe-writes.ts";
import { describeFailure, show } from "./show.ts";

/**
 * Calls every method of the service once or more and prints what it sent and got. The items that it
 * creates have skus that begin with `prefix`, and it deletes them again.
 */
export async function tour(items: Items, prefix: string): Promise<void> {
  const lamp = {
    name: "Desk lamp",
    description: "",
    sku: `${prefix}-lamp`,
    quantity: 10,
    price: 24.9,
  };
  const { id } = await unary("CreateItem", lamp, (options) => items.createItem(lamp, options));
  await unary("GetItem", { id }, (options) => items.getItem({ id }, options));
  const update = { id, price: 19.9 };
  await unary("UpdateItem", update, (options) => items.updateItem(update, options));
  await failToCreate(items, lamp);
  await safeWrites(items, { ...lamp, sku: `${prefix}-sofa`, name: "Sofa" });
  const createdIds = await createMany(items, prefix);
  await list(items, prefix);
  await sync(items, { ...lamp, name: "Desk lamp, black", quantity: 3 }, createdIds);
  await unary("DeleteItem", { id }, async (options) => {
    await items.deleteItem({ id }, options);
    return "done";
  });
}

function unary<Reply extends object | string>(
  method: string,
  request: object,
  call: (options: CallOptions) => Promise<Reply>,
): Promise<Reply> {
  return show(call, { method, kind: "unary", sent: [request], got: (reply) => [reply] });
}

async function failToCreate(items: Items, lamp: CreateItemRequest): Promise<void> {
  for (const request of [lamp, { ...lamp, quantity: -1 }]) {
    await unary("CreateItem", request, (options) =>
      items
        .createItem(request, options)
        .then(() => "an item, where an error was expected", describeFailure),
    );
  }
}

async function createMany(items: Items, prefix: string): Promise<readonly string[]> {
  const sent = ["chair", "desk", "shelf"].map((name, index) => ({
    name,
    description: "",
    // The third has the sku of the first, so it cannot be created.
    sku: `${prefix}-${["chair", "desk", "chair"][index]}`,
    quantity: 5 + index,
    price: 99.5,
  }));
  const { createdIds } = await show((options) => items.batchCreateItems(sent, options), {
    method: "BatchCreateItems",
    kind: "client stream",
    sent,
    got: (reply) => [reply],
  });
  return createdIds;
}

async function list(items: Items, prefix: string): Promise<void> {
  let pageToken = "";
  do {
    const request = { pageSize: 2, pageToken, filter: `sku : "${prefix}" AND quantity >= 5` };
    const got = (page: readonly Item[], { metadata }: CallStatus) => {
      pageToken = String(metadata.get("next-page-token")[0] ?? "");
      return [
        ...page.map(({ name, sku, quantity, price }) => ({ name, sku, quantity, price })),
        pageToken === "" ? "no more pages" : `next-page-token ${pageToken}`,
      ];
    };
    await show((options) => all(items.listItems(request, options)), {
      method: "ListItems",
      kind: "server stream",
      sent: [request],
      got,
    });
  } while (pageToken !== "");
}

async function sync(
  items: Items,
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
  const sent = [{ upsert }, ...deletions.map(({ value }) => ({ deleteId: value }))];
  await show((options) => all(items.syncItems(actions, options)), {
    method: "SyncItems",
    kind: "bidi stream",
    sent,
    got: (replies) => replies,
  });
}
