import { afterAll, describe, expect, it } from "vitest";
import { authorized, createItemClient } from "./calls.ts";
import { createHarnessSource } from "./create-harness.ts";
import { judge } from "./judge.ts";
import { waitUntil } from "./wait-until.ts";

const source = createHarnessSource({ isQuick: true, progress: () => {} });
afterAll(() => source.close());

describe("a harness", { timeout: 30_000 }, () => {
  it("finds nothing wrong with a service that nobody attacks, and keeps it for the next row", async () => {
    const first = source.forRow();
    const service = await first.service();
    expect(await first.service()).toBe(service);
    const { result, after, measured, misses, victim } = await judge(
      first,
      service,
      {
        victim: true,
        memory: true,
        limit: 10,
        counters: [{ name: "grpc_server_handled_total", labels: { grpc_method: "GetItem" } }],
      },
      async () => {
        const client = createItemClient(service);
        const call = client.syncItems(authorized(service.token())).on("error", () => {});
        const isSeen = await waitUntil(async () => (await service.probe()).handlersRunning > 0);
        call.cancel();
        client.close();
        return isSeen;
      },
    );
    expect(result).toBe(true);
    expect(after.peakHandlersRunning).toBeGreaterThan(0);
    expect(misses).toEqual([]);
    expect(measured).toHaveLength(5);
    expect(victim?.statuses.OK).toBe(victim?.calls);
    expect(await first.end()).toEqual([]);
    const second = source.forRow();
    expect(await second.service()).toBe(service);
    expect(await second.service({ env: { LOG_LEVEL: "warn" }, own: true })).not.toBe(service);
    expect(await second.end()).toEqual([]);
  });

  it("finds that a row has killed the service, and gives the next one another", async () => {
    const first = source.forRow();
    const service = await first.service();
    process.kill(service.pid, "SIGKILL");
    await waitUntil(() => !service.isRunning);
    expect(await first.end()).toEqual([
      expect.stringMatching(/^the service has ended; its last words: /),
    ]);
    const second = source.forRow();
    const next = await second.service();
    expect(next.pid).not.toBe(service.pid);
    expect(await second.end()).toEqual([]);
  });

  it("has new services once it is renewed", async () => {
    const first = source.forRow();
    const service = await first.service();
    expect(await first.end()).toEqual([]);
    await source.renew();
    expect(service.isRunning).toBe(false);
    const second = source.forRow();
    expect((await second.service()).pid).not.toBe(service.pid);
    expect(await second.end()).toEqual([]);
  });

  it("does not mind a row that stops the service itself, which ends as it does by itself", async () => {
    const row = source.forRow();
    const service = await row.service({ own: true });
    expect(await service.stop()).toBe(0);
    expect(await row.end()).toEqual([]);
  });

  it("finds a counter that has not moved, and handlers over the limit", async () => {
    const row = source.forRow();
    const service = await row.service();
    const { misses } = await judge(
      row,
      service,
      { limit: -1, counters: [{ name: "no_such_total" }] },
      async () => {},
    );
    expect(misses).toEqual([
      "0 handlers ran at once, more than -1",
      "no_such_total moved by 0, and not by at least 1",
    ]);
    expect(await row.end()).toEqual([]);
  });

  it("undoes what came after a service before it looks at it, and what came before afterwards", async () => {
    const row = source.forRow();
    const order: string[] = [];
    row.onEnd(() => void order.push("first"));
    const service = await row.service({ own: true });
    row.onEnd(() => void order.push(service.isRunning ? "third, with the service" : "third"));
    await row.end();
    expect(order).toEqual(["third, with the service", "first"]);
    expect(service.isRunning).toBe(false);
  });
});
