import { expect, it } from "vitest";
import { check, createClient, serveHealth, watch } from "../test/serve-health.ts";

const intervalMs = 250;
const timeOfStormMs = 2_000;

it("E12: runs each check once per interval under 1,000 watchers and 500 checks a second", {
  timeout: 60_000,
}, async () => {
  const runs = { database: 0, queue: 0, cache: 0 };
  let isUp = true;
  const options = { intervalMs, failuresToTrip: 1 };
  const { health, address } = await serveHealth({
    dependencyChecks: {
      database: { ...options, check: () => ++runs.database > 0 && isUp },
      queue: { ...options, check: async () => void runs.queue++ },
      cache: { ...options, check: async () => void runs.cache++, critical: false },
    },
  });
  const clients = Array.from({ length: 10 }, () => createClient(address));
  const startedAt = performance.now();
  await health.start();
  const watches = clients.flatMap((client) =>
    Array.from({ length: 100 }, () => watch(client, "readiness")),
  );
  const haveAll = (length: number): boolean =>
    watches.every(({ events }) => events.length === length);
  await expect.poll(() => haveAll(1), { timeout: 20_000 }).toBe(true);
  expect(health.watcherCount).toBe(1_000);

  const answers: Promise<string>[] = [];
  const stormAt = performance.now();
  while (performance.now() - stormAt < timeOfStormMs) {
    // However late the timer, as many as are due.
    while (answers.length < (performance.now() - stormAt) / 2) {
      const client = clients[answers.length % clients.length];
      answers.push(
        client === undefined ? Promise.reject(new Error("no client")) : check(client, ""),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(new Set(await Promise.all(answers))).toEqual(new Set(["SERVING"]));
  expect(answers.length).toBeGreaterThanOrEqual(950);

  isUp = false;
  await expect.poll(() => haveAll(2), { timeout: 20_000 }).toBe(true);
  expect(new Set(watches.map(({ events }) => events.join()))).toEqual(
    new Set(["SERVING,NOT_SERVING"]),
  );
  health.stop();

  // The first at once, then one per interval, which is 10 % short at the least; timers may be 1 ms early.
  const atMost = 1 + Math.floor((performance.now() - startedAt) / (0.9 * intervalMs - 1));
  for (const count of Object.values(runs)) {
    expect(count).toBeLessThanOrEqual(atMost);
    expect(count).toBeGreaterThan(2);
  }
  for (const { cancel } of watches) {
    cancel();
  }
  for (const client of clients) {
    client.close();
  }
  await expect.poll(() => health.watcherCount, { timeout: 20_000 }).toBe(0);
});
