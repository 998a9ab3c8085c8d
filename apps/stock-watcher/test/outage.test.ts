import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { StockServiceService } from "@grpc-kit/generated-protos/examples/stock";
import { HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import { startTestServer } from "@grpc-kit/grpc-client/testing";
import { StatusError } from "@grpc-kit/grpc-status";
import { describe, expect, it, onTestFinished } from "vitest";
import { listStock, stockLines, stubOf } from "./client.ts";
import { metricOf, startItemService, startWatcher, temporaryFolder } from "./processes.ts";

const soon = { timeout: 20_000, interval: 100 };
const unavailable = { code: status.UNAVAILABLE, reason: "UNAVAILABLE" };

describe("while the item service is away", () => {
  it("the circuit opens, the watcher stays ready, and all goes on by itself afterwards", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "stock.jsonl");
    writeFileSync(file, stockLines("lamp-1 3"));
    const items = await startItemService(folder);
    const watcher = await startWatcher(folder, items, {
      GRPC_CLIENT_CIRCUIT_BREAKER_THRESHOLD: "3",
      GRPC_CLIENT_CIRCUIT_BREAKER_TIMEOUT_MS: "1000",
    });
    const stock = stubOf(StockServiceService, watcher, folder);
    const health = stubOf(HealthService, watcher, folder);
    const quantity = () => stock.getStock({ sku: "lamp-1" }).then((found) => found.quantity);
    const circuit = () => metricOf(watcher, "grpc_kit_circuit_open", "ListItems");
    const isHealthy = () => metricOf(watcher, "grpc_kit_dependency_healthy", "item_service");
    await expect.poll(() => quantity().catch(String), soon).toBe(3);
    await expect.poll(isHealthy, soon).toBe(1);
    expect(await circuit()).toBe(0);

    await items.kill();
    const failAgain = () => expect(quantity()).rejects.toMatchObject(unavailable);
    await expect.poll(async () => [await failAgain(), await circuit()][1], soon).toBe(1);
    // Then calls are not sent at all, so that they cannot take long.
    const errors = async () => {
      await failAgain();
      return watcher.log().map((line) => line["grpc.error"]);
    };
    await expect.poll(errors, soon).toContainEqual(expect.stringContaining("its circuit is open"));
    await expect.poll(isHealthy, soon).toBe(0);
    expect(await health.check({ service: "readiness" })).toEqual({ status: 1 });
    expect((await fetch(`${watcher.adminUrl}/readyz`)).status).toBe(200);

    writeFileSync(file, stockLines("lamp-1 2", "lamp-2 7"));
    await startItemService(folder, { GRPC_SERVER_PORT: items.address.split(":")[1] });
    await expect.poll(() => listStock(items, folder), soon).toEqual(["lamp-1 2", "lamp-2 7"]);
    await expect.poll(() => quantity().catch(String), soon).toBe(2);
    expect(await circuit()).toBe(0);
    await expect.poll(isHealthy, soon).toBe(1);
  }, 90_000);

  it("F5: retries of the caller and of the watcher do not multiply", async () => {
    const folder = temporaryFolder();
    const away = await startTestServer(ItemServiceService, {
      // biome-ignore lint/correctness/useYield: it fails before
      async *listItems() {
        throw new StatusError(status.UNAVAILABLE, "away");
      },
    });
    onTestFinished(() => away.stop());
    const maxRetries = 2;
    const watcher = await startWatcher(
      folder,
      { address: away.target },
      {
        GRPC_CLIENT_MAX_RETRIES: String(maxRetries),
        GRPC_CLIENT_RETRY_BACKOFF_BASE_MS: "1",
        GRPC_CLIENT_CIRCUIT_BREAKER_THRESHOLD: "1000",
      },
    );
    const stock = stubOf(StockServiceService, watcher, folder);
    const attempts: number[] = [];
    const calls = 5;
    for (let call = 0; call < calls; call += 1) {
      await expect(
        stock.getStock({ sku: "lamp-1" }, { onStatus: (end) => attempts.push(end.attempts) }),
      ).rejects.toMatchObject(unavailable);
    }
    // One try each of the caller, of which the watcher makes three: not three of three.
    expect(attempts).toEqual(Array.from({ length: calls }, () => 1));
    expect(away.calls).toHaveLength(calls * (1 + maxRetries));
  }, 60_000);
});
