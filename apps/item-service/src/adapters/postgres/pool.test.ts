import { setTimeout as delay } from "node:timers/promises";
import { ExternalServiceError, TimeoutError } from "@grpc-kit/grpc-status/errors";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type LoggedLine, loggerTo, query, usePostgres } from "../../../test/postgres/databases.ts";
import { openPostgresPool, type PostgresPool, type PostgresPoolOptions } from "./pool.ts";

const server = usePostgres();
let url: string;
let logged: LoggedLine[];

beforeEach(async () => {
  url = await server().createDatabase();
  logged = [];
});

function openPool(options: Partial<PostgresPoolOptions> = {}): PostgresPool {
  const pool = openPostgresPool({
    config: { connectionString: url, connectionTimeoutMillis: 10_000 },
    logger: loggerTo(logged),
    max: 2,
    waitMs: 10_000,
    limitMs: 15_000,
    ...options,
  });
  onTestFinished(() => pool.close());
  return pool;
}

/** Waits until as many statements of the database run as there should be. */
async function untilActive(count: number): Promise<void> {
  const active = () =>
    query<{ pid: number }>(
      url,
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
       AND pid != pg_backend_pid()`,
    );
  await expect.poll(async () => (await active()).length, { timeout: 10_000 }).toBe(count);
}

const sleep = { text: "SELECT pg_sleep(30)" };
const pid = { text: "SELECT pg_backend_pid() AS pid" };

async function pidOf(pool: PostgresPool): Promise<unknown> {
  return (await pool.query(undefined, pid)).rows[0]?.pid;
}

describe("a statement", () => {
  it("ends on the server when its signal aborts, and the connection is used again", async () => {
    const pool = openPool({ max: 1 });
    const before = await pidOf(pool);
    const controller = new AbortController();
    const running = pool.query(controller, sleep);
    await untilActive(1);
    const reason = new Error("nobody waits");
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    await untilActive(0);
    expect(await pidOf(pool)).toBe(before);
  });

  it("is not sent when its signal has aborted", async () => {
    const pool = openPool();
    const reason = new Error("nobody waits");
    await expect(pool.query({ signal: AbortSignal.abort(reason) }, pid)).rejects.toBe(reason);
    const [row] = await query<{ count: string }>(
      url,
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()",
    );
    expect(row?.count).toBe("1");
  });

  it("is never hit by the cancel of the one before", async () => {
    const pool = openPool({ max: 1 });
    for (let round = 0; round < 50; round += 1) {
      const controller = new AbortController();
      const running = pool.query(controller, { text: "SELECT pg_sleep(0.002)" });
      const next = pool.query(undefined, { text: "SELECT pg_sleep(0.002)" });
      setTimeout(() => controller.abort(), round / 10);
      await running.catch((error: unknown) => expect(error).toBe(controller.signal.reason));
      await next;
    }
  });

  it("that takes longer than its limit ends the connection, and the next has another", async () => {
    const pool = openPool({ max: 1, limitMs: 300 });
    const before = await pidOf(pool);
    await expect(pool.query(undefined, sleep)).rejects.toThrow(TimeoutError);
    expect(await pidOf(pool)).not.toBe(before);
  });

  it("that the server finds too long is DEADLINE_EXCEEDED", async () => {
    const config = { connectionString: url, statement_timeout: 100 };
    const slow = openPool({ config }).query(undefined, sleep);
    await expect(slow).rejects.toThrow(expect.objectContaining({ reason: "DATABASE_TIMEOUT" }));
  });

  it("that loses its connection is UNAVAILABLE, and the next has another", async () => {
    const pool = openPool({ max: 1 });
    const running = pool.query(undefined, sleep).catch((error: unknown) => error);
    await untilActive(1);
    const terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = $1";
    await query(url, terminate, [sleep.text]);
    const failure = await running;
    expect(failure).toBeInstanceOf(ExternalServiceError);
    expect(failure).toMatchObject({ reason: "DATABASE_UNAVAILABLE", cause: { code: "57P01" } });
    await pidOf(pool);
  });

  it("does without an idle connection that breaks", async () => {
    const pool = openPool({ max: 1 });
    const before = await pidOf(pool);
    await query(url, "SELECT pg_terminate_backend($1)", [before]);
    await expect.poll(() => logged.map(({ message }) => message)).toHaveLength(1);
    expect(await pidOf(pool)).not.toBe(before);
    expect(JSON.stringify(logged)).not.toMatch(/password|secretKey/);
  });
});

describe("a call that waits for a connection", () => {
  it("fails after its time, and is UNAVAILABLE", async () => {
    const pool = openPool({ max: 1, waitMs: 200 });
    const controller = new AbortController();
    const running = pool.query(controller, sleep);
    await untilActive(1);
    await expect(pool.query(undefined, pid)).rejects.toMatchObject({
      message: "no connection to the database within 200 ms",
      reason: "DATABASE_UNAVAILABLE",
    });
    controller.abort();
    await expect(running).rejects.toThrow();
    await pidOf(pool);
  });

  it("stops when its signal aborts, and the next in line is served", async () => {
    const pool = openPool({ max: 1 });
    const holder = new AbortController();
    const running = pool.query(holder, sleep);
    await untilActive(1);
    const controller = new AbortController();
    const waiting = pool.query(controller, pid);
    const next = pool.query(undefined, pid);
    controller.abort();
    await expect(waiting).rejects.toBe(controller.signal.reason);
    holder.abort();
    await expect(running).rejects.toBe(holder.signal.reason);
    expect((await next).rowCount).toBe(1);
  });

  it("gives back the connection that comes too late", async () => {
    const pool = openPool({ max: 1 });
    for (let round = 0; round < 20; round += 1) {
      const controller = new AbortController();
      const waiting = pool.query(controller, pid);
      setTimeout(() => controller.abort(), round / 4);
      await waiting.catch((error: unknown) => expect(error).toBe(controller.signal.reason));
    }
    await pidOf(pool);
  });

  it("fails at once if the server is not there", async () => {
    const config = { connectionString: "postgres://postgres:password@127.0.0.1:1/items" };
    const pool = openPool({ config, waitMs: 60_000 });
    const failure = await pool.query(undefined, pid).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      reason: "DATABASE_UNAVAILABLE",
      cause: { code: "ECONNREFUSED" },
    });
  });
});

describe("a transaction", () => {
  const count = { text: "SELECT count(*)::integer AS count FROM numbers" };
  const add = (number: number) => ({ text: "INSERT INTO numbers VALUES ($1)", values: [number] });

  beforeEach(async () => {
    await query(url, "CREATE TABLE numbers (number integer PRIMARY KEY)");
  });

  async function expectCount(pool: PostgresPool, expected: number): Promise<void> {
    expect((await pool.query(undefined, count)).rows).toEqual([{ count: expected }]);
  }

  it("is undone if its work throws, and the connection is used again", async () => {
    const pool = openPool({ max: 1 });
    const before = await pidOf(pool);
    const fault = new Error("no");
    let runs = 0;
    const failing = pool.transaction(undefined, async (run) => {
      runs += 1;
      await run(add(1));
      throw fault;
    });
    await expect(failing).rejects.toBe(fault);
    expect(runs).toBe(1);
    await expectCount(pool, 0);
    expect(await pidOf(pool)).toBe(before);
  });

  it("is undone if its signal aborts, whether a statement runs or not", async () => {
    const pool = openPool({ max: 1 });
    const before = await pidOf(pool);
    for (const isRunning of [true, false]) {
      const controller = new AbortController();
      const reason = new Error("nobody waits");
      const running = pool.transaction(controller, async (run) => {
        await run(add(1));
        if (isRunning) {
          setTimeout(() => controller.abort(reason), 50);
          await run(sleep);
        }
        controller.abort(reason);
        await run(add(2));
      });
      await expect(running).rejects.toBe(reason);
      await expectCount(pool, 0);
    }
    expect(await pidOf(pool)).toBe(before);
  });

  it("is not committed if its signal aborts before", async () => {
    const pool = openPool();
    const controller = new AbortController();
    const reason = new Error("nobody waits");
    const running = pool.transaction(controller, async (run) => {
      await run(add(1));
      controller.abort(reason);
    });
    await expect(running).rejects.toBe(reason);
    await expectCount(pool, 0);
  });

  it("runs again if another one and it wait for each other", async () => {
    const pool = openPool();
    await pool.query(undefined, { text: "INSERT INTO numbers VALUES (1), (2)" });
    let [runs, locked] = [0, 0];
    const lockBoth = (...numbers: readonly number[]) =>
      pool.transaction(undefined, async (run) => {
        runs += 1;
        for (const number of numbers) {
          const text = "SELECT FROM numbers WHERE number = $1 FOR UPDATE";
          await run({ text, values: [number] });
          locked += 1;
          // Both have one before either asks for the other one.
          while (locked < 2) {
            await delay(1);
          }
        }
      });
    await Promise.all([lockBoth(1, 2), lockBoth(2, 1)]);
    expect(runs).toBeGreaterThan(2);
  });

  it("fails in the end if it can never succeed", async () => {
    let runs = 0;
    const failing = openPool().transaction(undefined, async (run) => {
      runs += 1;
      await run({ text: "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$" });
    });
    await expect(failing).rejects.toMatchObject({ code: "40001" });
    expect(runs).toBe(4);
  });
});

describe("close", () => {
  it("ends what runs, and what waits, and leaves no connection", async () => {
    const pool = openPool({ max: 1 });
    const running = pool.query(undefined, sleep);
    await untilActive(1);
    const waiting = pool.query(undefined, pid);
    const failures = Promise.allSettled([running, waiting]);
    await pool.close();
    expect(await failures).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
    for (const { reason } of (await failures) as readonly PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ reason: "DATABASE_UNAVAILABLE" });
    }
  });
});
