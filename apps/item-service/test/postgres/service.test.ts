import { Metadata, status } from "@grpc/grpc-js";
import {
  type CreateItemRequest,
  ItemServiceService,
} from "@grpc-kit/generated-protos/examples/items";
import {
  HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import type { Stub } from "@grpc-kit/grpc-client";
import { Client } from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { callErrorOf, createItem, listAll, newItem, serveItems, stubOf } from "../serve.ts";
import { query, usePostgres } from "./databases.ts";

const server = usePostgres();

interface Served {
  readonly url: string;
  /** Tries each call once. */
  readonly client: Stub<ItemServiceService>;
  readonly logs: () => string;
  statusOf(service: string): Promise<ServingStatus>;
}

/** Starts the whole service on a new database. */
async function serve(statementTimeoutMs = 1_000): Promise<Served> {
  const url = await server().createDatabase();
  const { address, token, logged } = await serveItems(
    {},
    {
      DATABASE_URL: url,
      DATABASE_POOL_TIMEOUT_MS: "500",
      DATABASE_CONNECT_TIMEOUT_MS: "500",
      DATABASE_STATEMENT_TIMEOUT_MS: String(statementTimeoutMs),
    },
  );
  const health = stubOf(HealthService, address);
  return {
    url,
    client: stubOf(ItemServiceService, address, { token, retry: false, circuitBreaker: false }),
    logs: () => JSON.stringify(logged),
    statusOf: async (service) => (await health.check({ service })).status,
  };
}

function withKey(key: string): { readonly metadata: Metadata } {
  const metadata = new Metadata();
  metadata.set("idempotency-key", key);
  return { metadata };
}

/** Begins a transaction with a statement. It ends with the test, or by the returned function. */
async function hold(url: string, statement: string): Promise<() => Promise<unknown>> {
  const client = new Client(url);
  // The server may die before.
  client.on("error", () => {});
  await client.connect();
  onTestFinished(() => client.end());
  await client.query(`BEGIN; ${statement}`);
  return () => client.query("COMMIT");
}

/** How many statements of the service wait for a lock. */
async function countWaiting(url: string): Promise<number> {
  const rows = await query(
    url,
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
     AND wait_event_type = 'Lock' AND application_name = 'item-service'`,
  );
  return rows.length;
}

describe("the service on PostgreSQL", () => {
  it("G9: is not ready and UNAVAILABLE while its database is away, and recovers by itself", async () => {
    const { client, statusOf, logs } = await serve();
    const item = await createItem(client, "lamp");
    await expect.poll(() => statusOf("readiness")).toBe(ServingStatus.SERVING);
    await server().kill("SIGKILL");
    const error = await callErrorOf(client.getItem({ id: item.id }));
    expect(error).toMatchObject({ code: status.UNAVAILABLE, reason: "DATABASE_UNAVAILABLE" });
    expect(`${error.message} ${JSON.stringify(error.errorDetails)}`).not.toMatch(
      /127\.0\.0\.1|pg|sql/i,
    );
    await expect
      .poll(() => statusOf("readiness"), { timeout: 20_000 })
      .toBe(ServingStatus.NOT_SERVING);
    expect(await statusOf("liveness")).toBe(ServingStatus.SERVING);
    await server().restart();
    expect(await client.getItem({ id: item.id })).toEqual(item);
    await expect.poll(() => statusOf("readiness"), { timeout: 20_000 }).toBe(ServingStatus.SERVING);
    expect(logs()).not.toContain("password");
  }, 60_000);

  it("G9: ends each call in time while its database hangs, and recovers by itself", async () => {
    const { client, statusOf } = await serve();
    const item = await createItem(client, "lamp");
    await expect.poll(() => statusOf("readiness")).toBe(ServingStatus.SERVING);
    await server().kill("SIGSTOP");
    try {
      const calls = Array.from({ length: 30 }, (_, index) =>
        callErrorOf(
          index % 2 === 0 ? client.getItem({ id: item.id }) : createItem(client, `lamp-${index}`),
        ),
      );
      const codes = new Set((await Promise.all(calls)).map(({ code }) => code));
      const allowed = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED];
      expect(allowed).toEqual(expect.arrayContaining([...codes]));
      await expect
        .poll(() => statusOf("readiness"), { timeout: 20_000 })
        .toBe(ServingStatus.NOT_SERVING);
      expect(await statusOf("liveness")).toBe(ServingStatus.SERVING);
    } finally {
      await server().kill("SIGCONT");
    }
    await expect.poll(() => statusOf("readiness"), { timeout: 20_000 }).toBe(ServingStatus.SERVING);
    expect(await client.getItem({ id: item.id })).toEqual(item);
  }, 60_000);

  it("G18: ends the statement of a call that is cancelled", async () => {
    const { client, url } = await serve();
    const unlock = await hold(url, "LOCK TABLE items");
    const abort = new AbortController();
    const call = callErrorOf(client.createItem(newItem("lamp"), { signal: abort.signal }));
    await expect.poll(() => countWaiting(url)).toBe(1);
    abort.abort();
    expect((await call).code).toBe(status.CANCELLED);
    await expect.poll(() => countWaiting(url)).toBe(0);
    await unlock();
    expect(await listAll(client)).toEqual([]);
  });

  it("G10: ends the statement of a call at its deadline, and another that waits too long", async () => {
    const { client, url } = await serve();
    const unlock = await hold(url, "LOCK TABLE items");
    const id = "00000000-0000-4000-8000-000000000000";
    expect(await callErrorOf(client.getItem({ id }, { timeoutMs: 300 }))).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    await expect.poll(() => countWaiting(url)).toBe(0);
    expect(await callErrorOf(client.getItem({ id }))).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    await unlock();
    expect((await callErrorOf(client.getItem({ id }))).code).toBe(status.NOT_FOUND);
  });

  it("G13: has a batch once, although the database dies in the middle of it", async () => {
    const { client, url } = await serve(30_000);
    async function* batch(): AsyncGenerator<CreateItemRequest> {
      for (let index = 0; index < 5_000; index += 1) {
        yield newItem(`lamp-${index}`);
      }
    }
    // Somebody else is about to take a sku near the end, for which the batch waits.
    await hold(
      url,
      `INSERT INTO items (id, name, description, sku, quantity, price, is_active, created_at, updated_at)
       VALUES (gen_random_uuid(), '', '', 'lamp-4900', 1, 1, true, now(), now())`,
    );
    const first = callErrorOf(client.batchCreateItems(batch(), withKey("batch")));
    await expect.poll(() => countWaiting(url), { timeout: 15_000 }).toBe(1);
    await server().kill("SIGKILL");
    expect((await first).code).toBe(status.UNAVAILABLE);
    await server().restart();
    const { createdIds } = await client.batchCreateItems(batch(), withKey("batch"));
    expect(createdIds).toHaveLength(5_000);
    const rows = await query<{ id: string }>(url, "SELECT id FROM items ORDER BY position");
    expect(rows.map(({ id }) => id)).toEqual(createdIds);
  }, 60_000);
});
