import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import {
  Item,
  ItemServiceService,
  type ItemSyncRequest,
} from "@grpc-kit/generated-protos/examples/items";
import { type Handlers, startTestServer } from "@grpc-kit/grpc-client/testing";
import { pino } from "pino";
import { Registry } from "prom-client";
import { describe, expect, it, onTestFinished } from "vitest";
import type { StockLine } from "../application/stock-line.ts";
import { readSettings } from "../settings.ts";
import { openItemService } from "./item-service.ts";
import { createRemoteStockItems } from "./remote-stock-items.ts";

/** The items of a service with these handlers, called as the watcher calls it. */
async function serveItems(
  handlers: Handlers<ItemServiceService>,
  environment: Readonly<Record<string, string>> = {},
) {
  const server = await startTestServer(ItemServiceService, handlers);
  onTestFinished(() => server.stop());
  const folder = mkdtempSync(join(tmpdir(), "stock-watcher-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const itemService = openItemService({
    settings: readSettings({
      DATA_DIR: folder,
      ITEM_SERVICE_ADDRESS: server.target,
      ...environment,
    }),
    logger: pino({ level: "silent" }),
    registry: new Registry(),
  });
  onTestFinished(() => itemService.close());
  return { server, folder, itemService, stockItems: createRemoteStockItems({ itemService }) };
}

const stockOf = (index: number): StockLine => ({
  sku: `s-${index}`,
  name: "Lamp".repeat(50),
  description: "",
  quantity: index,
  price: 9.5,
});

const skuOf = ({ action }: ItemSyncRequest) => (action?.$case === "upsert" ? action.value.sku : "");

describe("createRemoteStockItems", () => {
  it("F14: asks for no more lines than the service takes, and keeps their order", async () => {
    const count = 15_000;
    const going = Promise.withResolvers<void>();
    const taken: string[] = [];
    const { stockItems } = await serveItems({
      async *syncItems(requests) {
        await going.promise;
        for await (const request of requests) {
          taken.push(skuOf(request));
          const success = taken.length % 1_000 !== 0;
          yield { id: "", success, error: undefined };
        }
      },
    });
    let asked = 0;
    async function* lines() {
      for (; asked < count; asked += 1) {
        yield stockOf(asked);
      }
    }
    const problems: number[] = [];
    const syncing = (async () => {
      let index = 0;
      for await (const problem of stockItems.sync(lines())) {
        index += 1;
        if (problem !== undefined) {
          problems.push(index);
        }
      }
      return index;
    })();
    await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(0);
    let before: number;
    do {
      before = asked;
      await delay(300);
    } while (asked > before);
    // What is kept for a retry, and fits into windows: some 1.2 MB.
    expect(asked).toBeLessThan(count * 0.6);
    going.resolve();
    expect(await syncing).toBe(count);
    expect(taken).toEqual(Array.from({ length: count }, (_, index) => `s-${index}`));
    expect(problems).toEqual(Array.from({ length: 15 }, (_, index) => (index + 1) * 1_000));
  }, 60_000);

  it("begins a stream again that nothing has come of, and no other", async () => {
    let tries = 0;
    const { server, stockItems } = await serveItems(
      {
        async *syncItems(requests) {
          tries += 1;
          for await (const _request of requests) {
            yield { id: "", success: true, error: undefined };
            server.disconnect();
          }
        },
      },
      { GRPC_CLIENT_RETRY_BACKOFF_BASE_MS: "1" },
    );
    const sync = async () => {
      let results = 0;
      async function* lines() {
        yield* [stockOf(1), stockOf(2)];
      }
      for await (const _problem of stockItems.sync(lines())) {
        results += 1;
      }
      return results;
    };
    server.failNext(ItemServiceService.syncItems, status.UNAVAILABLE, 2);
    await expect(sync()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(tries).toBe(1);
    expect(server.calls).toHaveLength(3);
  }, 30_000);

  it("finds an item by its sku, or none", async () => {
    const { server, stockItems } = await serveItems({
      async *listItems({ filter }) {
        if (filter === 'sku = "s-1"') {
          yield Item.create({ id: "i-1", sku: "s-1", quantity: 7 });
        }
      },
    });
    const found = { sku: "s-1", quantity: 7, itemId: "i-1" };
    expect(await stockItems.find("s-1")).toEqual(found);
    expect(await stockItems.find("s-2")).toBeUndefined();
    expect(server.calls.map(({ code }) => code)).toEqual([status.OK, status.OK]);
  });

  it("sends the token of a file, or one of development, and the request id", async () => {
    const folder = mkdtempSync(join(tmpdir(), "stock-watcher-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "of-a-file\n");
    const handlers: Handlers<ItemServiceService> = { async *listItems() {} };
    const filed = await serveItems(handlers, { ITEM_SERVICE_TOKEN_FILE: tokenFile });
    await filed.stockItems.find("s-1");
    const [first] = filed.server.calls;
    expect(first?.metadata.get("authorization")).toEqual(["Bearer of-a-file"]);
    expect(first?.metadata.get("x-request-id")).toHaveLength(1);
    const made = await serveItems(handlers);
    await made.stockItems.find("s-1");
    const [authorization] = made.server.calls[0]?.metadata.get("authorization") ?? [];
    expect(authorization).toMatch(/^Bearer \S+\.\S+\.\S+$/);
  });

  it("is not made for a service that would get its token in plain text over a network", async () => {
    const settings = readSettings({ ITEM_SERVICE_ADDRESS: "items.example.com:50051" });
    const parts = { logger: pino({ level: "silent" }), registry: new Registry() };
    expect(() => openItemService({ settings, ...parts })).toThrow(
      "target must be a loopback address or have TLS, unless allowPlaintext is set, got items.example.com:50051",
    );
  });
});
