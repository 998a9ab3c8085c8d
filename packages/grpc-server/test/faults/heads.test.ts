import { randomBytes } from "node:crypto";
import { callHead, type Entries, encodeHead } from "@grpc-kit/testing/hpack";
import { malformedHeads } from "@grpc-kit/testing/malformed-heads";
import {
  closing,
  connectAttacker,
  connectRaw,
  flags,
  frame,
  headers,
  type RawConnection,
} from "@grpc-kit/testing/raw-http2";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { paths } from "./fault-service.ts";
import { report, serveProcess, sharedProcess } from "./processes.ts";
import { nameOf, rawCaller } from "./raw-calls.ts";

const empty = Buffer.alloc(5);

/** Whether the server has told how the stream ended, or has cut the connection. */
function isAnswered({ ended, resets, isClosed, goaway }: RawConnection, id: number): boolean {
  return ended.has(id) || resets.has(id) || isClosed || goaway !== undefined;
}

async function send(port: number, entries: Entries | Buffer): Promise<RawConnection> {
  const connection = await connectRaw(port);
  await connection.send(headers(1, entries), frame("data", flags.endStream, 1, empty));
  await expect.poll(() => isAnswered(connection, 1), { interval: 2 }).toBe(true);
  connection.close();
  return connection;
}

describe("the head of a call", () => {
  const server = sharedProcess();

  it.each(malformedHeads(paths.unary))(
    "A21: is answered or its connection is cut: %s",
    async (_name, entries) => {
      const { port, isAlive } = server();
      await send(port, entries);
      await isAlive();
    },
  );

  it("A21: ends no process, whichever way it is changed", { timeout: 60_000 }, async () => {
    const numRuns = 1_000;
    const { port, isAlive } = server();
    const name = fc.oneof(
      fc.constantFrom(":path", ":method", ":authority", "te", "content-type", "grpc-timeout"),
      fc.constantFrom("grpc-encoding", "x-bin", "__proto__", "cookie", "host", "traceparent"),
      fc.string({ maxLength: 12 }),
    );
    const value = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    );
    const entry = fc.tuple(name, value);
    const bytes = fc.uint8Array({ maxLength: 80 }).map((block) => Buffer.from(block));
    const changed = fc
      .tuple(fc.array(entry, { maxLength: 4 }), fc.nat(6), fc.boolean())
      .map(([more, at, replaces]): Entries => {
        const sound = callHead(paths.unary);
        return [...sound.slice(0, at), ...more, ...sound.slice(replaces ? at + 1 : at)];
      });
    const block = fc.oneof(
      { weight: 3, arbitrary: changed.map(encodeHead) },
      // As a table of bytes, too, with one of them wrong.
      { weight: 2, arbitrary: fc.tuple(changed, fc.nat(), fc.nat(255)).map(flip) },
      { weight: 1, arbitrary: bytes },
    );
    await fc.assert(
      fc.asyncProperty(block, async (given) => void (await send(port, given))),
      { numRuns },
    );
    const { fatal } = await isAlive();
    report("A21", { mutations: numRuns, fatal: fatal.length });
  });

  function flip([entries, at, byte]: readonly [Entries, number, number]): Buffer {
    const block = encodeHead(entries);
    block[at % block.byteLength] = byte;
    return block;
  }

  it("A8: is refused when it is too large, and the next call goes through", async () => {
    const { port, isAlive } = server();
    const raw = rawCaller(port);
    const outcomes: Record<string, string> = {};
    const call = async (name: string, more: Record<string, string>) => {
      const outcome = await raw.call(paths.unary, empty, more);
      outcomes[name] = nameOf(outcome);
      return outcomes[name];
    };
    for (const kibibytes of [4, 8, 15, 17, 32, 60, 70, 256, 1_024]) {
      const name = `value of ${kibibytes} KiB`;
      const got = await call(name, { "x-value": "x".repeat(kibibytes * 1024) });
      expect([name, got === "OK"]).toEqual([name, kibibytes < 16]);
    }
    for (const pairs of [50, 100, 200, 500, 2_000]) {
      const more = Array.from({ length: pairs }, (_, n) => [`x-key-${n}`, "x"] as const);
      const got = await call(`${pairs} pairs`, Object.fromEntries(more));
      expect([pairs, got === "OK"]).toEqual([pairs, pairs <= 100]);
    }
    report("A8", outcomes);
    await isAlive();
  });

  it.each([
    ["0m", "DEADLINE_EXCEEDED"],
    ["abc", "INTERNAL"],
    ["-1S", "INTERNAL"],
    ["1", "INTERNAL"],
    ["", "INTERNAL"],
    ["123456789S", "INTERNAL"],
    ["0x10S", "INTERNAL"],
    ["597H", "OK"],
    ["99999999H", "OK"],
    ["99999999S", "OK"],
    ["10S", "OK"],
  ])("B14: has a sane deadline: grpc-timeout %j", async (timeout, expected) => {
    const outcome = await rawCaller(server().port).call(paths.unary, empty, {
      "grpc-timeout": timeout,
    });
    report(`B14 ${JSON.stringify(timeout)}`, { code: nameOf(outcome), said: outcome.message });
    expect(nameOf(outcome)).toBe(expected);
    await server().isAlive();
  });
});

describe("what is no HTTP/2", () => {
  it("A22: is cut at once and costs nothing", { timeout: 60_000 }, async () => {
    const server = await serveProcess();
    const hello = "16030100c8010000c40303";
    const blobs = [
      Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
      Buffer.from("POST /fixtures.FixtureService/Unary HTTP/1.1\r\nContent-Length: 5\r\n\r\n12345"),
      Buffer.concat([Buffer.from(hello, "hex"), randomBytes(196)]),
      Buffer.from("PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n".padEnd(64)),
      Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), randomBytes(100)]),
      ...Array.from({ length: 300 }, () => randomBytes(24 + Math.floor(Math.random() * 1_000))),
    ];
    let slowestMs = 0;
    for (const blob of blobs) {
      const socket = connectAttacker(server.port);
      const closed = closing(socket);
      const startMs = performance.now();
      socket.resume().write(blob);
      await closed;
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
    }
    const { started, resources, server: serverStats } = await server.isAlive();
    report("A22", { blobs: blobs.length, slowestMs, resources, server: serverStats });
    expect(started).toBe(1);
    expect(slowestMs).toBeLessThan(1_000);
  });
});
