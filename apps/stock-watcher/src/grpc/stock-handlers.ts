import type { StockServiceService } from "@grpc-kit/generated-protos/examples/stock";
import type { ScopedHandlers } from "@grpc-kit/grpc-server/servicer";
import type { LineFailure } from "../application/sync-stock.ts";
import type { StockCradle } from "../container.ts";

/**
 * The handlers of StockService: each calls one use case and maps what goes in and comes out. What is left of
 * the call's time, and its end, goes on to the item service by itself.
 */
export const stockHandlers: ScopedHandlers<StockServiceService, StockCradle> = {
  async syncStock(_request, { resolve }) {
    const { syncedCount, failedCount, failures } = await resolve("syncStock")();
    return { syncedCount, failedCount, errors: failures.map(toErrorDetail) };
  },

  getStock: ({ sku }, { resolve }) => resolve("getStock")(sku),
};

function toErrorDetail({ line, sku, ...problem }: LineFailure) {
  const metadata = new Map([["line", String(line)]]);
  if (sku !== "") {
    metadata.set("sku", sku);
  }
  return { ...problem, metadata };
}
