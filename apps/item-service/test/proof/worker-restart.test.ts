import { once } from "node:events";
import { join } from "node:path";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { expect, it } from "vitest";
import { stubOf } from "../serve.ts";
import { goOn, startMixedLoad } from "./mixed-load.ts";
import { openSync } from "./running-calls.ts";
import { startWorkers } from "./worker-processes.ts";
import { flawless, recordWrites, type Write } from "./write-audit.ts";

it("G1: two workers are replaced one by one, twice, and no call of any kind is lost or done twice", async () => {
  const workers = await startWorkers();
  const { address: target, token, child } = workers;
  const audit = recordWrites(join(workers.dataFolder, "item-service.db"));
  const loads = [true, false].map((isKeyed) =>
    startMixedLoad({ target, token, lanes: 3, isKeyed }),
  );
  await goOn(loads, 40);
  const client = stubOf(ItemServiceService, target, { token });
  const replaced = () => workers.restarts("rolling_restart");
  const open: Write[] = [];
  for (const restarts of [2, 4]) {
    // A stream that stays open keeps its worker until it ends.
    const sync = openSync(client);
    const apply = async (): Promise<void> => {
      const write = { sku: "open", quantity: open.length };
      await sync.apply(write.sku, write.quantity);
      open.push(write);
    };
    await apply();
    child.kill("SIGHUP");
    await expect.poll(replaced, { timeout: 60_000 }).toBeGreaterThan(restarts - 2);
    await apply();
    await sync.end();
    await expect.poll(replaced, { timeout: 60_000 }).toBe(restarts);
    await workers.ready();
    await goOn(loads, 40);
  }
  await Promise.all(loads.map((load) => load.stop()));
  expect(loads.flatMap(({ failures }) => failures)).toEqual([]);
  expect(audit([...loads, { done: open, unknown: [] }])).toEqual(flawless);
  // E3: what all workers have counted, also those that are gone, is what their callers saw.
  for (const { path } of Object.values(ItemServiceService)) {
    const method = path.split("/")[2] ?? "";
    const streams = method === "SyncItems" ? 2 : 0;
    const seen = loads.reduce((sum, load) => sum + load.succeeded(method), streams);
    await expect.poll(() => workers.handled(method, "OK")).toBe(seen);
  }
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
}, 180_000);
