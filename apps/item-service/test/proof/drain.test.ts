import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import {
  HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { callKinds } from "@grpc-kit/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { all } from "../../src/demo/all.ts";
import { failureOf, newItem, stubOf } from "../serve.ts";
import { skusIn } from "./items-database.ts";
import { beginCall, createPage, openSync, wholePage } from "./running-calls.ts";
import { serveWatched } from "./watched-items.ts";

const numbered = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${name}-${index}`);

describe("G3: a service that stops while streams are open", () => {
  it("tells watchers first, takes nothing new, and lets what runs come to its end", async () => {
    const items = await serveWatched();
    const seen: (number | string)[] = [];
    const health = stubOf(HealthService, items.address, { retry: false });
    const watch = async (): Promise<void> => {
      for await (const { status: told } of health.watch({ service: "readiness" })) {
        seen.push(told);
      }
    };
    const watched = watch();
    await expect.poll(() => seen.at(-1)).toBe(ServingStatus.SERVING);
    seen.length = 0;
    const large = await createPage(items);
    const page = items.client.listItems(wholePage);
    await page.next();
    const batch = new PassThrough({ objectMode: true });
    const created = items.client.batchCreateItems(batch);
    batch.write(newItem("batch-0"));
    const sync = openSync(items.client);
    await sync.apply("sync-0");
    await expect.poll(async () => (await items.counted("BatchCreateItems")).inFlight).toBe(1);

    items.service.onEvent((event) => void (event.type === "phase" && seen.push(event.phase)));
    const stopped = items.service.stop({ graceMs: 60_000, drainDelayMs: 1_000 });
    await watched;
    await expect.poll(() => items.service.stats.phase).toBe("draining");
    expect(await failureOf(health.check({ service: "" }))).toMatch(/^UNAVAILABLE/);
    for (let index = 1; index < 20; index += 1) {
      batch.write(newItem(`batch-${index}`));
      await sync.apply(`sync-${index}`);
    }
    await sync.end();
    batch.end();
    expect((await created).createdCount).toBe(20);
    expect(items.service.stats.phase).toBe("draining");
    expect(await all(page)).toHaveLength(large.length - 1);
    await stopped;
    expect(seen).toEqual(["leaving", ServingStatus.NOT_SERVING, "draining", "closing", "stopped"]);
    expect(skusIn(items.databasePath)).toEqual([
      ...large,
      ...numbered("sync", 20),
      ...numbered("batch", 20),
    ]);
  });

  it.each(callKinds)("ends a call that takes longer than its grace: %s", async (kind) => {
    const items = await serveWatched();
    const call = await beginCall[kind](items, { retry: false });
    await items.service.stop({ graceMs: 300 });
    expect(await call.failure()).toMatchObject({ code: status.UNAVAILABLE, local: false });
    expect(await items.counted(call.method)).toMatchObject({ started: 1, inFlight: 0 });
    expect(items.logged).toContainEqual(
      expect.objectContaining({ message: "calls_cut", calls: 1 }),
    );
    expect(skusIn(items.databasePath)).toEqual(call.created);
  });

  it("loses no call of those who can go to another, whose streams are served meanwhile", async () => {
    const leaving = await serveWatched();
    const { dataFolder, token } = leaving;
    const staying = await serveWatched({ DATA_DIR: dataFolder });
    const addresses = [leaving.address, staying.address];
    const client = stubOf(ItemServiceService, addresses, { token, retry: false });
    const sync = openSync(leaving.client);
    await sync.apply("sync-0");
    let [made, isOver] = [0, false];
    const failures: string[] = [];
    const call = async (): Promise<void> => {
      while (!isOver) {
        const failure = await failureOf(client.createItem(newItem(`unary-${made++}`)));
        if (failure !== "OK") {
          failures.push(failure);
        }
      }
    };
    const lanes = Array.from({ length: 4 }, call);
    onTestFinished(() => {
      isOver = true;
    });
    await expect.poll(() => made).toBeGreaterThan(50);
    const stopped = leaving.service.stop({ graceMs: 60_000, drainDelayMs: 100 });
    await expect.poll(() => leaving.service.stats.phase).toBe("draining");
    const before = made;
    await expect.poll(() => made).toBeGreaterThan(before + 50);
    await sync.apply("sync-1");
    await sync.end();
    await stopped;
    await delay(100);
    isOver = true;
    await Promise.all(lanes);
    expect(failures).toEqual([]);
    const expected = [...numbered("unary", made), ...numbered("sync", 2)];
    expect([...skusIn(leaving.databasePath)].sort()).toEqual(expected.sort());
    // Both have had their part.
    const [first, second] = [
      await leaving.counted("CreateItem"),
      await staying.counted("CreateItem"),
    ];
    expect(first.started + second.started).toBe(made);
    expect(Math.min(first.started, second.started)).toBeGreaterThan(20);
  });
});
