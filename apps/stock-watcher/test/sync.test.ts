import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { StockServiceService } from "@grpc-kit/generated-protos/examples/stock";
import { describe, expect, it } from "vitest";
import { listStock, stockLines, stubOf } from "./client.ts";
import { startItemService, startWatcher, temporaryFolder } from "./processes.ts";

const soon = { timeout: 15_000, interval: 200 };

describe("stock-watcher", () => {
  it("keeps the items as the file says, at its start and at each change", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "stock.jsonl");
    writeFileSync(file, stockLines("lamp-1 3", "chair-1 4"));
    const items = await startItemService(folder);
    await startWatcher(folder, items, { STOCK_POLL_MS: "3600000" });
    const list = () => listStock(items, folder);
    await expect.poll(list, soon).toEqual(["chair-1 4", "lamp-1 3"]);
    writeFileSync(`${file}.new`, stockLines("lamp-1 2", "desk-1 1"));
    renameSync(`${file}.new`, file);
    await expect.poll(list, soon).toEqual(["chair-1 4", "desk-1 1", "lamp-1 2"]);
  }, 60_000);

  it("tells of each line that it could not apply, and applies the others", async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, "stock.jsonl"),
      stockLines("lamp-1 3", "lamp-2 three", "not/allowed 1", "", "lamp-5 5"),
    );
    const items = await startItemService(folder);
    const stock = stubOf(StockServiceService, await startWatcher(folder, items), folder);
    const { errors, ...counts } = await stock.syncStock({});
    expect(counts).toEqual({ syncedCount: 2, failedCount: 2 });
    expect(errors).toMatchObject([
      { code: "ValidationError", message: expect.stringContaining("must be an object") },
      { code: "ValidationError", field: "upsert.sku", message: expect.stringContaining("sku") },
    ]);
    expect(errors.map(({ metadata }) => Object.fromEntries(metadata))).toEqual([
      { line: "2" },
      { line: "3", sku: "not/allowed" },
    ]);
    expect(await listStock(items, folder)).toEqual(["lamp-1 3", "lamp-5 5"]);
    expect(await stock.getStock({ sku: "lamp-5" })).toMatchObject({ sku: "lamp-5", quantity: 5 });
    await expect(stock.getStock({ sku: "lamp-6" })).rejects.toMatchObject({
      code: status.NOT_FOUND,
      reason: "STOCK_NOT_FOUND",
    });
    await expect(stock.getStock({ sku: '" OR quantity > 0' })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  }, 60_000);

  it("says what is missing when there is no file, and wants a token", async () => {
    const folder = temporaryFolder();
    const items = await startItemService(folder);
    const watcher = await startWatcher(folder, items);
    await expect(stubOf(StockServiceService, watcher, folder).syncStock({})).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: "the stock file cannot be read",
      reason: "STOCK_FILE",
    });
    await expect(
      stubOf(StockServiceService, watcher, temporaryFolder()).getStock({ sku: "lamp-1" }),
    ).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  }, 60_000);
});
