import type { ItemSyncRequest, ItemSyncResponse } from "@grpc-kit/generated-protos/examples/items";
import type { LineProblem, StockItems, StockLevel } from "../application/stock-items.ts";
import type { StockLine } from "../application/stock-line.ts";
import type { ItemService } from "./item-service.ts";

/** The items as the item service has them. */
export function createRemoteStockItems({
  itemService,
}: {
  readonly itemService: ItemService;
}): StockItems {
  const { stub } = itemService;
  return {
    async *sync(lines, options) {
      for await (const { error, success } of stub.syncItems(toActions(lines), options)) {
        yield success ? undefined : toProblem(error);
      }
    },
    async find(sku) {
      const request = { pageSize: 1, pageToken: "", filter: `sku = "${sku}"` };
      let found: StockLevel | undefined;
      // To its end, since whoever leaves a stream cancels it.
      for await (const { id, quantity } of stub.listItems(request)) {
        found = { sku, quantity, itemId: id };
      }
      return found;
    },
  };
}

async function* toActions(lines: AsyncIterable<StockLine>): AsyncGenerator<ItemSyncRequest> {
  for await (const line of lines) {
    const item = { ...line, id: "", isActive: true, createdAt: undefined, updatedAt: undefined };
    yield { action: { $case: "upsert", value: item } };
  }
}

function toProblem(error: ItemSyncResponse["error"]): LineProblem {
  const { code = "", message = "not applied", field = "" } = error ?? {};
  return { code, message, field };
}
