import { setTimeout as delay } from "node:timers/promises";
import { credentials, Metadata } from "@grpc/grpc-js";
import {
  HealthClient,
  type HealthCheckResponse_ServingStatus as ServingStatus,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { checkHealth, clientOptions } from "../../harness/calls.ts";
import type { Harness } from "../../harness/harness.ts";
import { codeOf, type ItemStub, once, openItems } from "../../harness/item-stub.ts";
import { lateUnless, missUnless } from "../../harness/judge.ts";
import { percentile } from "../../harness/percentile.ts";
import type { Service } from "../../harness/service.ts";
import { ms, tally } from "../../harness/tell.ts";
import { msUntil, waitUntil } from "../../harness/wait-until.ts";
import type { Miss, Row } from "../../row.ts";
import { newItem } from "../../wire/items.ts";
import { type Database, startDatabase } from "./postgres.ts";

const timeouts = {
  DATABASE_POOL_TIMEOUT_MS: "500",
  DATABASE_CONNECT_TIMEOUT_MS: "500",
  DATABASE_STATEMENT_TIMEOUT_MS: "1000",
};
// Waiting for a connection, connecting, one statement; and what a busy machine adds.
const longestMs = 500 + 500 + 1_000 + 1_000;
const checkedEveryMs = 2_000;

async function serve(
  harness: Harness,
): Promise<{ database: Database; service: Service; items: ItemStub }> {
  const database = await startDatabase(harness);
  const service = await harness.service({
    own: true,
    env: { ...timeouts, DATABASE_URL: database.url, LOG_LEVEL: "error" },
  });
  const items = openItems(harness, service.address, { token: service.token(), ...once });
  return { database, service, items };
}

const isServing = async (service: Service, name = "readiness"): Promise<boolean> =>
  (await checkHealth(service, { service: name })) === "SERVING";

/** Calls for so long, and tells how and when the calls have ended. */
async function callFor(items: ItemStub, durationMs: number) {
  const codes: string[] = [];
  let slowestMs = 0;
  const endMs = performance.now() + durationMs;
  const lane = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const startMs = performance.now();
      codes.push(await codeOf(items.getItem({ id: crypto.randomUUID() }, { timeoutMs: 20_000 })));
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      await delay(20);
    }
  };
  await Promise.all(Array.from({ length: 10 }, lane));
  return { codes, slowestMs };
}

export const lateDatabase: Row = {
  id: "G8",
  fault: "The database comes two seconds after the service",
  promise: "The service is not ready before the database has answered, and is by itself then",
  isQuick: false,
  async run(harness) {
    const database = await startDatabase(harness);
    await database.become("refuses");
    const startMs = performance.now();
    let readyMs = Number.NaN;
    const started = harness
      .service({ own: true, env: { ...timeouts, DATABASE_URL: database.url } })
      .then(() => {
        readyMs = performance.now() - startMs;
      });
    await delay(2_000);
    const wasReady = !Number.isNaN(readyMs);
    await database.become("open");
    const openedMs = performance.now() - startMs;
    await started;
    return {
      measured: `ready ${ms(readyMs - openedMs)} after the database`,
      misses: [
        ...missUnless(!wasReady, "it was ready without its database"),
        ...lateUnless(readyMs - openedMs <= 12_000, `it took ${ms(readyMs - openedMs)}`),
      ],
    };
  },
};

export const databaseOutage: Row = {
  id: "G9",
  fault: "The database goes away, and hangs",
  promise:
    "Calls end UNAVAILABLE or DEADLINE_EXCEEDED within the limits of DATABASE_…, readiness says NOT_SERVING after two failed checks (5 s at the most), liveness stays, and all is well 2 s after it is back",
  isQuick: false,
  async run(harness) {
    const { database, service, items } = await serve(harness);
    const figures: string[] = [];
    const misses: Miss[] = [];
    for (const way of ["refuses", "hangs"] as const) {
      await database.become(way);
      const calls = callFor(items, 4_000);
      const notReady = msUntil(async () => !(await isServing(service)), { intervalMs: 50 });
      const { codes, slowestMs } = await calls;
      const notReadyMs = await notReady;
      const isLive = await isServing(service, "liveness");
      await database.become("open");
      const call = () => codeOf(items.getItem({ id: crypto.randomUUID() }));
      const backMs = await msUntil(async () => (await call()) === "NOT_FOUND", { intervalMs: 20 });
      const readyMs = await msUntil(() => isServing(service), { intervalMs: 20 });
      figures.push(
        `${way}: ${tally(codes)} within ${ms(slowestMs)}, not ready after ${ms(notReadyMs)}, calls succeed ${ms(backMs)} after it, ready ${ms(readyMs)} later`,
      );
      const wrong = codes.filter((code) => !["UNAVAILABLE", "DEADLINE_EXCEEDED"].includes(code));
      misses.push(
        ...missUnless(wrong.length === 0, `${way}: calls ended ${tally(wrong)}`),
        ...lateUnless(slowestMs <= longestMs, `${way}: a call took ${ms(slowestMs)}`),
        ...lateUnless(
          (notReadyMs ?? 1e9) <= checkedEveryMs + longestMs,
          `${way}: it was not ready only after ${ms(notReadyMs)}`,
        ),
        ...missUnless(isLive, `${way}: liveness was lost`),
        ...lateUnless(
          (backMs ?? 1e9) <= 2_000,
          `${way}: the first call succeeded after ${ms(backMs)}`,
        ),
        ...missUnless(readyMs !== undefined, `${way}: it did not get ready again`),
      );
    }
    return { measured: figures.join("; "), misses };
  },
};

export const slowDatabase: Row = {
  id: "G10",
  fault: "The database takes 2 s for each answer",
  promise:
    "Calls end at their deadline (50 ms later, on an idle machine), and calls that need no database are as fast as before",
  isQuick: false,
  async run(harness) {
    const { database, service, items } = await serve(harness);
    await codeOf(items.getItem({ id: crypto.randomUUID() }));
    await database.become({ delayMs: 2_000 });
    const deadlineMs = 400;
    const lates: number[] = [];
    const codes: string[] = [];
    const healthMs: number[] = [];
    const endMs = performance.now() + 4_000;
    const slow = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const startMs = performance.now();
        const call = items.getItem({ id: crypto.randomUUID() }, { timeoutMs: deadlineMs });
        codes.push(await codeOf(call));
        lates.push(performance.now() - startMs - deadlineMs);
      }
    };
    const other = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const startMs = performance.now();
        await checkHealth(service, { service: "liveness" });
        healthMs.push(performance.now() - startMs);
        await delay(20);
      }
    };
    await Promise.all([...Array.from({ length: 20 }, slow), other()]);
    await database.become("open");
    const backMs = await msUntil(
      async () => (await codeOf(items.getItem({ id: crypto.randomUUID() }))) === "NOT_FOUND",
      { intervalMs: 20 },
    );
    const late = percentile(lates, 99);
    const p99 = percentile(healthMs, 99);
    const allowed = ["DEADLINE_EXCEEDED", "UNAVAILABLE"];
    return {
      measured: `${tally(codes)}, p99 ${ms(late)} after the deadline; health p99 ${ms(p99)}; well ${ms(backMs)} after it`,
      misses: [
        ...missUnless(
          codes.every((code) => allowed.includes(code)),
          `calls ended ${tally(codes)}`,
        ),
        ...lateUnless(late <= 250, `calls ended ${ms(late)} after their deadline`),
        ...lateUnless(p99 <= 250, `health took ${ms(p99)}`),
        ...lateUnless((backMs ?? 1e9) <= 3_000, `it was well again only after ${ms(backMs)}`),
      ],
    };
  },
};

export const flappingDatabase: Row = {
  id: "G11",
  fault: "The database goes and comes, for 700 ms each",
  promise: "Health changes at most once for each check of the database (every 2 s)",
  isQuick: false,
  async run(harness) {
    const { database, service } = await serve(harness);
    const health = new HealthClient(service.address, credentials.createInsecure(), clientOptions);
    harness.onEnd(() => health.close());
    const watch = health.watch({ service: "readiness" });
    const seen: ServingStatus[] = [];
    watch.on("error", () => {}).on("data", ({ status }) => seen.push(status));
    await waitUntil(() => seen.length > 0, { timeoutMs: 5_000 });
    const [turns, turnMs] = [18, 700];
    for (let turn = 0; turn < turns; turn += 1) {
      await database.become(turn % 2 === 0 ? "refuses" : "open");
      await delay(turnMs);
    }
    await database.become("open");
    const readyMs = await msUntil(() => isServing(service), { intervalMs: 20 });
    const changes = seen.length - 1;
    const most = Math.ceil((turns * turnMs) / checkedEveryMs) + 2;
    return {
      measured: `${changes} changes in ${ms(turns * turnMs)}, ready ${ms(readyMs)} after it`,
      misses: [
        ...missUnless(changes <= most, `health changed ${changes} times, more than ${most}`),
        ...missUnless(readyMs !== undefined, "it did not get ready again"),
      ],
    };
  },
};

export const lostCommit: Row = {
  id: "G12",
  fault: "The connection to the database is lost at COMMIT",
  promise:
    "The caller is told UNAVAILABLE, never OK; the same key finds the item, of which there is one",
  isQuick: false,
  async run(harness) {
    const { database, items } = await serve(harness);
    const rounds = 10;
    const [first, again]: [string[], string[]] = [[], []];
    let wrong = 0;
    for (let round = 0; round < rounds; round += 1) {
      const metadata = new Metadata();
      metadata.set("idempotency-key", crypto.randomUUID());
      const item = newItem();
      database.cutNextCommit();
      first.push(await codeOf(items.createItem(item, { metadata })));
      again.push(await codeOf(items.createItem(item, { metadata })));
      const rows = await database.query(`SELECT id FROM items WHERE sku = '${item.sku}'`);
      wrong += rows.length === 1 ? 0 : 1;
    }
    return {
      measured: `${rounds} commits lost: ${tally(first)}; sent again: ${tally(again)}; ${wrong || "no"} items missing or twice`,
      misses: [
        ...missUnless(
          first.every((code) => code === "UNAVAILABLE"),
          `callers were told ${tally(first)}`,
        ),
        ...missUnless(
          again.every((code) => code === "OK"),
          `sent again, calls ended ${tally(again)}`,
        ),
        ...missUnless(wrong === 0, `${wrong} items are missing or there twice`),
      ],
    };
  },
};
