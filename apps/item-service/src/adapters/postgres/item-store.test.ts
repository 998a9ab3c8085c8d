import { createServer } from "node:net";
import { ExternalServiceError } from "@grpc-kit/grpc-status/errors";
import { Client } from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type LoggedLine,
  loggerTo,
  openStore,
  usePostgres,
} from "../../../test/postgres/databases.ts";
import { prepareDatabase } from "./start.ts";

const server = usePostgres();

describe("openPostgresItemStore", () => {
  it.each(["poolMax", "poolTimeoutMs", "connectTimeoutMs", "statementTimeoutMs"])(
    "refuses a %s that is none",
    async (name) => {
      for (const value of [0, -1, 1.5, Number.NaN]) {
        await expect(openStore(server().url(), { [name]: value })).rejects.toThrow(
          new RangeError(`${name} must be a positive integer, got ${value}`),
        );
      }
    },
  );

  it("waits for a database that comes later", async () => {
    const url = await server().createDatabase();
    await server().kill("SIGKILL");
    const logged: LoggedLine[] = [];
    const opening = openStore(url, { logged });
    await expect.poll(() => logged.length).toBeGreaterThan(0);
    await server().restart();
    const store = await opening;
    await store.ping();
    expect(logged[0]).toMatchObject({
      fields: { database: new URL(url).host + new URL(url).pathname, attempt: 1, pauseMs: 250 },
      message: "the database does not answer",
    });
  });

  it.each([
    [
      "the password is wrong",
      "postgres:secret@",
      'password authentication failed for user "postgres"',
    ],
    ["there is no such database", "postgres:password@", 'database "nothing" does not exist'],
  ])("says at once that %s, but no password", async (_, login, message) => {
    const url = server().url("nothing").replace("postgres:password@", login);
    const logged: LoggedLine[] = [];
    const database = new URL(url).host + new URL(url).pathname;
    await expect(openStore(url, { logged })).rejects.toThrow(
      new Error(`cannot use the PostgreSQL database ${database}: ${message}`),
    );
    expect(logged).toEqual([]);
  });
});

describe("prepareDatabase", () => {
  it("gives up in the end, and names the database but no password", async () => {
    const logged: LoggedLine[] = [];
    const opening = prepareDatabase({
      createClient: () => new Client("postgres://clerk:secret@127.0.0.1:1/items"),
      logger: loggerTo(logged),
      patienceMs: 800,
    });
    const failure = await opening.catch((error: unknown) => error);
    expect(String(failure)).toBe(
      "Error: cannot use the PostgreSQL database 127.0.0.1:1/items: connect ECONNREFUSED 127.0.0.1:1",
    );
    expect(logged.length).toBeGreaterThan(0);
    expect(JSON.stringify([logged, failure])).not.toContain("secret");
  });

  it("gives up on a server that never says a word", async () => {
    const sockets = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void sockets.close());
    await expect.poll(() => sockets.address()).not.toBeNull();
    const { port } = sockets.address() as { readonly port: number };
    const opening = prepareDatabase({
      createClient: () =>
        new Client({ host: "127.0.0.1", port, password: "x", connectionTimeoutMillis: 100 }),
      logger: loggerTo([]),
      patienceMs: 200,
    });
    await expect(opening).rejects.toThrow("timeout expired");
  });
});

describe("ping", () => {
  it("does not wait for the connections that calls have", async () => {
    const url = await server().createDatabase();
    const store = await openStore(url, { poolMax: 1, poolTimeoutMs: 100 });
    const client = new Client(url);
    await client.connect();
    onTestFinished(() => client.end());
    await client.query("BEGIN; LOCK TABLE items");
    const waiting = store.items.list({ limit: 1 });
    await expect(store.items.list({ limit: 1 })).rejects.toThrow("no connection");
    await store.ping();
    await client.query("COMMIT");
    expect(await waiting).toEqual([]);
  });

  it("rejects while the database is away", async () => {
    const store = await openStore(await server().createDatabase());
    await store.ping();
    await server().kill("SIGKILL");
    await expect(store.ping()).rejects.toThrow(ExternalServiceError);
    await server().restart();
    await expect
      .poll(() =>
        store.ping().then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  });

  it("rejects in seconds while the database hangs", async () => {
    const store = await openStore(await server().createDatabase());
    await store.ping();
    await server().kill("SIGSTOP");
    try {
      await expect(store.ping()).rejects.toThrow("the database does not answer");
    } finally {
      await server().kill("SIGCONT");
    }
    await store.ping();
  });
});
