import { describe, expect, it } from "vitest";
import { createClient, serveHealth, watch } from "../test/serve-health.ts";
import { openStalledWatch } from "../test/stalled-watch.ts";
import { createHealthService } from "./health-service.ts";

describe("Watch", () => {
  it("tells the status at once, then each change, and never the same twice", async () => {
    const { health, client } = await serveHealth();
    const { events, cancel } = watch(client, "");
    await expect.poll(() => events).toEqual(["NOT_SERVING"]);
    health.setStatus("", "NOT_SERVING");
    health.setStatus("other", "SERVING");
    health.setStatus("", "SERVING");
    await expect.poll(() => events).toEqual(["NOT_SERVING", "SERVING"]);
    health.setStatus("", "SERVING");
    health.setStatus("", "NOT_SERVING");
    await expect.poll(() => events).toEqual(["NOT_SERVING", "SERVING", "NOT_SERVING"]);
    cancel();
  });

  it("tells SERVICE_UNKNOWN and stays open, until there is such a service, and when it is gone", async () => {
    const { health, client } = await serveHealth();
    const { events, cancel } = watch(client, "shop");
    await expect.poll(() => events).toEqual(["SERVICE_UNKNOWN"]);
    health.setStatus("shop", "SERVING");
    await expect.poll(() => events).toEqual(["SERVICE_UNKNOWN", "SERVING"]);
    health.clearStatus("shop");
    await expect.poll(() => events).toEqual(["SERVICE_UNKNOWN", "SERVING", "SERVICE_UNKNOWN"]);
    expect(health.watcherCount).toBe(1);
    cancel();
    await expect.poll(() => health.watcherCount).toBe(0);
  });

  it("tells NOT_SERVING before the stream ends with OK, 100 times of 100 (G5)", async () => {
    const { health, client } = await serveHealth();
    await health.start();
    const watches = Array.from({ length: 100 }, () => watch(client, "readiness"));
    await expect.poll(() => watches.every(({ events }) => events[0] === "SERVING")).toBe(true);
    health.shutdown();
    await Promise.all(watches.map(({ status }) => status));
    for (const { events } of watches) {
      expect(events).toEqual(["SERVING", "NOT_SERVING", "ended 0"]);
    }
    expect(health.watcherCount).toBe(0);
  });

  it("tells NOT_SERVING and ends when it begins during a drain, and goes on after resume", async () => {
    const { health, client } = await serveHealth();
    await health.start();
    health.shutdown();
    const late = watch(client, "");
    await late.status;
    expect(late.events).toEqual(["NOT_SERVING", "ended 0"]);
    health.resume();
    const later = watch(client, "");
    await expect.poll(() => later.events).toEqual(["SERVING"]);
    later.cancel();
  });

  it("ends a watch that a drain has caught, though the server has resumed since", async () => {
    const { health, client } = await serveHealth();
    await health.start();
    const { events, status } = watch(client, "");
    await expect.poll(() => events).toEqual(["SERVING"]);
    health.shutdown();
    health.resume();
    await status;
    expect(events).toEqual(["SERVING", "ended 0"]);
  });

  it("leaves no watcher after 10,000 that were cancelled", { timeout: 120_000 }, async () => {
    const { health, address } = await serveHealth();
    const clients = Array.from({ length: 10 }, () => createClient(address));
    for (let round = 0; round < 10; round++) {
      const watches = clients.flatMap((client) =>
        Array.from({ length: 100 }, () => watch(client, round % 2 === 0 ? "" : "nobody")),
      );
      const areOpen = (): boolean => watches.every(({ events }) => events.length === 1);
      await expect.poll(areOpen, { timeout: 20_000 }).toBe(true);
      expect(health.watcherCount).toBe(1_000);
      for (const { cancel } of watches) {
        cancel();
      }
      await expect.poll(() => health.watcherCount, { timeout: 20_000 }).toBe(0);
    }
    for (const client of clients) {
      client.close();
    }
  });
});

describe("the handler of Watch, as grpc-server calls it", () => {
  it("forgets a reader that aborts and never returns, and tells nothing after", async () => {
    const health = createHealthService();
    const controller = new AbortController();
    const statuses = health.handlers.watch({ service: "" }, controller)[Symbol.asyncIterator]();
    expect(await statuses.next()).toMatchObject({ value: { status: 2 } });
    expect(health.watcherCount).toBe(1);
    controller.abort();
    expect(health.watcherCount).toBe(0);
    health.setStatus("", "SERVING");
    expect(await statuses.next()).toMatchObject({ done: true });
  });

  it("forgets a reader that aborts while it waits, or returns", async () => {
    const health = createHealthService();
    const controller = new AbortController();
    const waiting = health.handlers.watch({ service: "" }, controller)[Symbol.asyncIterator]();
    await waiting.next();
    const last = waiting.next();
    controller.abort();
    expect(await last).toMatchObject({ done: true });
    for await (const { status } of health.handlers.watch({ service: "" }, new AbortController())) {
      expect([status, health.watcherCount]).toEqual([2, 1]);
      break;
    }
    expect(health.watcherCount).toBe(0);
  });
});

describe("Watch, read slowly", () => {
  it("keeps the latest status alone for a reader that does not read", async () => {
    const { health, address } = await serveHealth();
    const { session, stream, statuses } = openStalledWatch(address);
    await expect.poll(() => health.watcherCount).toBe(1);
    for (let i = 0; i < 1_000; i++) {
      health.setStatus("", i % 2 === 0 ? "SERVING" : "UNKNOWN");
      await Promise.resolve();
    }
    expect(statuses()).toEqual([]);
    health.setStatus("", "SERVING");
    session.settings({ initialWindowSize: 65_535 });
    await expect.poll(statuses).toEqual([2, 1]);
    health.shutdown();
    await new Promise((resolve) => stream.once("end", resolve));
    expect(statuses()).toEqual([2, 1, 2]);
  });

  it("is forgotten when its connection breaks in the middle of a write", async () => {
    const { health, address } = await serveHealth();
    const { socket } = openStalledWatch(address);
    await expect.poll(() => health.watcherCount).toBe(1);
    health.setStatus("", "SERVING");
    socket.resetAndDestroy();
    health.setStatus("", "UNKNOWN");
    await expect.poll(() => health.watcherCount).toBe(0);
  });

  it("is forgotten when its connection breaks while it waits", async () => {
    const { health, address } = await serveHealth();
    const { socket, session, statuses } = openStalledWatch(address);
    session.settings({ initialWindowSize: 65_535 });
    await expect.poll(statuses).toEqual([2]);
    expect(health.watcherCount).toBe(1);
    socket.resetAndDestroy();
    await expect.poll(() => health.watcherCount).toBe(0);
  });
});
