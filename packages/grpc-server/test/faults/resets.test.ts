import { setTimeout as delay } from "node:timers/promises";
import { callHead, encodeHead } from "@grpc-kit/testing/hpack";
import {
  connectRaw,
  flags,
  frame,
  headers,
  type RawConnection,
  rstStream,
  streamId,
  windowUpdate,
} from "@grpc-kit/testing/raw-http2";
import { describe, expect, it } from "vitest";
import { paths } from "./fault-service.ts";
import {
  grownMiB,
  report,
  retainedMiB,
  type ServerProcess,
  serveProcess,
  startVictim,
  victimFigures,
} from "./processes.ts";
import type { ProcessStats } from "./server-process.ts";
import type { Calls } from "./victim-process.ts";

const attackMs = 800;
const maxStreams = 3_000;
const batch = 50;
const share = 40;
// Its handler goes on when the call is long gone.
const head = encodeHead(callHead(paths.unary, { "sleep-ms": "1000", stubborn: "yes" }));
const emptyMessage = Buffer.alloc(5);

const call = (id: number): Buffer =>
  Buffer.concat([headers(id, head), frame("data", flags.endStream, id, emptyMessage)]);
const selfDependency = (id: number): Buffer =>
  frame("priority", 0, id, Buffer.from([...frame("data", 0, id).subarray(5, 9), 15]));

interface Lanes {
  readonly connections: number;
  readonly cut: number;
  readonly streams: number;
  /** Of the streams of one connection, the most that the server has seen before its GOAWAY. */
  readonly maxSeen: number;
}

/** Attacks over some lanes at once, each with a new connection whenever its old one is cut. */
async function attack(
  port: number,
  lanes: number,
  strike: (connection: RawConnection, ids: readonly number[]) => Promise<boolean>,
): Promise<Lanes> {
  const endMs = performance.now() + attackMs;
  let connections = 0;
  let streams = 0;
  let cut = 0;
  let maxSeen = 0;
  async function lane(): Promise<void> {
    while (performance.now() < endMs) {
      const connection = await connectRaw(port);
      connections += 1;
      let opened = 0;
      let isOpen = !connection.isClosed;
      while (isOpen && opened < maxStreams && performance.now() < endMs) {
        const ids = Array.from({ length: batch }, (_, n) => streamId(opened + n));
        opened += batch;
        isOpen = await strike(connection, ids);
      }
      // The server may still have to read what it will cut the connection for.
      await Promise.race([connection.closed, delay(2_000)]);
      cut += connection.isClosed ? 1 : 0;
      streams += opened;
      maxSeen = Math.max(maxSeen, ((connection.goaway?.lastStreamId ?? -1) + 1) / 2);
      connection.close();
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  return { connections, streams, cut, maxSeen };
}

/** Checks that nothing is left of the attack. */
async function aftermath(
  row: string,
  server: ServerProcess,
  lanes: Lanes,
  calls: Calls,
  maxMiB = 256,
): Promise<ProcessStats> {
  await expect.poll(async () => (await server.stats()).running, { timeout: 8_000 }).toBeLessThan(5);
  const now = await server.isAlive();
  const grown = grownMiB(server, now);
  report(row, {
    ...lanes,
    maxRunning: now.maxRunning,
    started: now.started,
    grownMiB: grown,
    ...victimFigures(calls),
    failures: calls.failures,
    refused: now.server.refused,
  });
  expect(now.maxRunning).toBeLessThanOrEqual(100);
  expect(grown).toBeLessThan(maxMiB);
  await expect
    .poll(async () => retainedMiB(server, await server.stats()), { timeout: 10_000 })
    .toBeLessThan(16);
  return now;
}

describe("a connection that resets what it opens", () => {
  it.each([1, 8])(
    "A1 A3: is cut and not let in again, and others go on: %i lanes",
    async (lanes) => {
      // Less than two connections may reset, so that it is used up however slow the machine is.
      const resetBudget = { burst: 1_500, perSecond: 100 };
      const server = await serveProcess({ connections: { resetBudget } });
      const victim = await startVictim(server.port);
      const figures = await attack(server.port, lanes, (connection, ids) =>
        connection.send(...ids.flatMap((id) => [headers(id, head), rstStream(id)])),
      );
      // Eight take both cores of a small machine, and with them the victim's.
      const calls = await (lanes === 1 ? victim.isWell() : victim.calls());
      expect(calls.failures).toEqual({});
      const maxMiB = lanes === 1 ? 128 : 192;
      const { server: stats } = await aftermath(`A1 ${lanes}`, server, figures, calls, maxMiB);
      // 1,000 at once and 33 a second, by https://nghttp2.org/documentation/nghttp2_option_set_stream_reset_rate_limit.html
      expect(figures.maxSeen).toBeLessThanOrEqual(1_200);
      expect(stats.refused.reset_budget).toBeGreaterThan(0);
    },
  );

  it("A2: never has more handlers running than the server allows", async () => {
    const server = await serveProcess();
    const victim = await startVictim(server.port);
    const figures = await attack(server.port, 1, callAndReset);
    const calls = await victim.calls();
    const { server: stats } = await aftermath("A2", server, figures, calls);
    // The handlers go on, and hold all places there are; whoever comes then is told at once.
    for (const failure of Object.keys(calls.failures)) {
      expect(failure).toMatch(/^RESOURCE_EXHAUSTED: the server has as many calls as it can run/);
    }
    expect(stats.refused.too_many_rpcs).toBeGreaterThan(0);
  });

  it("A2: does not take the places of others, where each address has its share", async () => {
    const server = await serveProcess({ maxConcurrentRpcsPerPeer: share });
    const victim = await startVictim(server.port);
    const figures = await attack(server.port, 1, callAndReset);
    const calls = await victim.isWell();
    const { server: stats, maxRunning } = await aftermath("A2 share", server, figures, calls);
    expect(maxRunning).toBeLessThan(share + 50);
    expect(stats.refused.too_many_rpcs_of_peer).toBeGreaterThan(0);
  });

  async function callAndReset(connection: RawConnection, ids: readonly number[]): Promise<boolean> {
    await connection.send(...ids.map(call));
    await delay(3);
    return connection.send(...ids.map((id) => rstStream(id)));
  }
});

describe("a connection that makes the server reset streams", () => {
  it.each<[row: string, name: string, wrong: (id: number) => Buffer]>([
    ["A4", "window overflow", (id) => windowUpdate(id, 2 ** 31 - 1)],
    ["A5", "headers after the end", (id) => headers(id, head, flags.endStream)],
    ["A5", "data after the end", (id) => frame("data", 0, id, emptyMessage)],
    ["A5", "window of 0", (id) => windowUpdate(id, 0)],
    ["A5", "dependency on itself", selfDependency],
  ])("%s: is cut: %s", async (row, name, wrong) => {
    const server = await serveProcess({ maxConcurrentRpcsPerPeer: share });
    const victim = await startVictim(server.port);
    const figures = await attack(server.port, 1, (connection, ids) =>
      connection.send(...ids.flatMap((id) => [call(id), wrong(id)])),
    );
    const calls = await victim.isWell();
    const { started } = await aftermath(`${row} ${name}`, server, figures, calls);
    expect(started).toBeLessThanOrEqual(200 * figures.connections);
  });
});
