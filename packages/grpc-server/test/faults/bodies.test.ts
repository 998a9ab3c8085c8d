import { once } from "node:events";
import { createGzip, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { callHead } from "@grpc-kit/testing/hpack";
import { connectRaw, frame, headers } from "@grpc-kit/testing/raw-http2";
import { describe, expect, it } from "vitest";
import { paths } from "./fault-service.ts";
import {
  grownMiB,
  report,
  retainedMiB,
  serveProcess,
  sharedProcess,
  startVictim,
  victimFigures,
} from "./processes.ts";
import { message, nameOf, rawCaller } from "./raw-calls.ts";

const shared = sharedProcess();
const mebibyte = 1024 * 1024;
const limit = 4 * mebibyte;
const empty = Buffer.alloc(0);

function payloadOf(size: number): Buffer {
  return Buffer.from(Envelope.encode(Envelope.create({ payload: Buffer.alloc(size) })).finish());
}

describe("a message that is too large", () => {
  it("B1: is refused by its prefix: 4 GB", async () => {
    const server = await serveProcess();
    const caller = await connectRaw(server.port);
    const startMs = performance.now();
    await caller.send(
      headers(1, callHead(paths.unary)),
      frame("data", 0, 1, message(empty, { length: 2 ** 32 - 1 })),
    );
    await expect
      .poll(() => caller.ended.has(1) || caller.resets.has(1), { interval: 1 })
      .toBe(true);
    const tookMs = performance.now() - startMs;
    const outcome = await rawCaller(server.port).call(
      paths.unary,
      message(empty, { length: 2 ** 32 - 1 }),
    );
    const after = await server.isAlive();
    report("B1", { tookMs, grownMiB: grownMiB(server, after), ...outcome });
    expect(nameOf(outcome)).toBe("RESOURCE_EXHAUSTED");
    expect(tookMs).toBeLessThan(1_000);
    expect(grownMiB(server, after)).toBeLessThan(16);
    expect(after.started).toBe(1);
  });

  // A message of the prefix's own size first: the largest that is still taken.
  it.each(Object.values(paths).filter((path) => path !== paths.grow))(
    "B2: is refused at one byte over the limit, and taken at the limit: %s",
    async (path) => {
      const server = shared();
      const raw = rawCaller(server.port);
      const overhead = payloadOf(limit).byteLength - limit;
      const largest = payloadOf(limit - overhead);
      expect(largest.byteLength).toBe(limit);
      const taken = await raw.call(path, message(largest));
      const refused = await raw.call(path, message(payloadOf(limit - overhead + 1)));
      report(`B2 ${path}`, {
        taken: nameOf(taken),
        refused: nameOf(refused),
        said: refused.message,
      });
      expect(nameOf(taken)).toBe("OK");
      expect(nameOf(refused)).toBe("RESOURCE_EXHAUSTED");
      await server.isAlive();
    },
  );
});

/** Zeros, compressed without ever being in memory at once. */
async function bomb(size: number): Promise<Buffer> {
  const gzip = createGzip();
  const compressed: Buffer[] = [];
  gzip.on("data", (chunk: Buffer) => compressed.push(chunk));
  const zeros = Buffer.alloc(mebibyte);
  for (let left = size; left > 0; left -= zeros.byteLength) {
    if (!gzip.write(zeros.subarray(0, Math.min(left, zeros.byteLength)))) {
      await once(gzip, "drain");
    }
  }
  await once(gzip.end(), "end");
  return Buffer.concat(compressed);
}

it.each([
  ["4 MiB and a byte", limit + 1],
  ["500 MiB", 500 * mebibyte],
])("B3: stops to inflate at the limit: %s", async (name, size) => {
  const server = await serveProcess();
  const bytes = message(await bomb(size), { flag: 1 });
  const outcome = await rawCaller(server.port).call(paths.unary, bytes, {
    "grpc-encoding": "gzip",
  });
  const after = await server.isAlive();
  const grown = grownMiB(server, after);
  report(`B3 ${name}`, {
    sentKiB: bytes.byteLength / 1024,
    grownMiB: grown,
    code: nameOf(outcome),
  });
  expect(nameOf(outcome)).toBe("RESOURCE_EXHAUSTED");
  expect(grown).toBeLessThan(32);
});

it("B4: bounds what is inflated for all streams at once", async () => {
  const server = await serveProcess();
  const victim = await startVictim(server.port);
  const one = message(gzipSync(payloadOf(limit - 16)), { flag: 1 });
  const raw = rawCaller(server.port);
  const body = Buffer.concat(Array<Buffer>(15).fill(one));
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, () =>
      raw.call(paths.clientStream, body, { "grpc-encoding": "gzip" }),
    ),
  );
  const after = await server.isAlive();
  const calls = await victim.isWell();
  const grown = grownMiB(server, after);
  const codes = Object.groupBy(outcomes, nameOf);
  report("B4", {
    sentKiB: (100 * body.byteLength) / 1024,
    grownMiB: grown,
    maxLoopDelayMs: after.maxLoopDelayMs,
    codes: Object.fromEntries(Object.entries(codes).map(([name, all]) => [name, all?.length])),
    ...victimFigures(calls),
    server: after.server,
  });
  expect(grown).toBeLessThan(256);
  expect(retainedMiB(server, after)).toBeLessThan(16);
});

const plain = payloadOf(1_000);
const malformed: [name: string, compressed: (codec: (bytes: Buffer) => Buffer) => Buffer][] = [
  ["nothing", () => empty],
  ["one byte", () => Buffer.of(0x1f)],
  ["zeros", () => Buffer.alloc(64)],
  ["not compressed", () => plain],
  ["cut in half", (codec) => codec(plain).subarray(0, codec(plain).byteLength / 2)],
  ["without its checksum", (codec) => codec(plain).subarray(0, -4)],
  [
    "with a wrong checksum",
    (codec) => Buffer.concat([codec(plain).subarray(0, -4), empty, Buffer.alloc(4, 7)]),
  ],
  ["with a wrong head", (codec) => Buffer.concat([Buffer.of(9, 9), codec(plain).subarray(2)])],
  ["compressed otherwise", () => deflateRawSync(plain)],
];

describe("a compressed message", () => {
  it.each(
    malformed.flatMap(([name, make]) => [
      ["gzip", name, make(gzipSync)] as const,
      ["deflate", name, make(deflateSync)] as const,
    ]),
  )("B5: is refused when it is malformed: %s, %s", async (encoding, _name, compressed) => {
    const server = shared();
    const raw = rawCaller(server.port);
    for (const path of [paths.unary, paths.bidi]) {
      const outcome = await raw.call(path, message(compressed, { flag: 1 }), {
        "grpc-encoding": encoding,
      });
      expect([path, nameOf(outcome)]).toEqual([path, "INTERNAL"]);
    }
    await server.isAlive();
  });

  it.each([["snappy"], ["br"], ["gzip, deflate"], ["GZIP"]])(
    "B6: is refused in an unknown encoding, with the ones that are known: %s",
    async (encoding) => {
      const server = shared();
      const outcome = await rawCaller(server.port).call(
        paths.unary,
        message(gzipSync(plain), { flag: 1 }),
        { "grpc-encoding": encoding },
      );
      report(`B6 ${encoding}`, { ...outcome });
      expect(nameOf(outcome)).toBe("UNIMPLEMENTED");
      expect(outcome.acceptEncoding).toMatch(/gzip/);
    },
  );

  it.each([1, 2, 255])("B6: is refused with the flag %i and no encoding", async (flag) => {
    const server = shared();
    const outcome = await rawCaller(server.port).call(paths.unary, message(plain, { flag }));
    report(`B6 flag ${flag}`, { ...outcome });
    expect(nameOf(outcome)).toBe("INTERNAL");
  });
});

describe("a body that is not whole", () => {
  it.each<[name: string, path: string, body: Buffer, code: string]>([
    ["a prefix cut short", paths.unary, Buffer.alloc(3), "INTERNAL"],
    ["a message cut short", paths.unary, message(plain, { length: 2_000 }), "INTERNAL"],
    ["a message cut short", paths.serverStream, message(plain, { length: 2_000 }), "INTERNAL"],
    ["a message cut short", paths.clientStream, message(plain, { length: 2_000 }), "INTERNAL"],
    ["a message cut short", paths.bidi, message(plain, { length: 2_000 }), "INTERNAL"],
    [
      "a second message cut short",
      paths.unary,
      Buffer.concat([message(plain), Buffer.alloc(3)]),
      "INTERNAL",
    ],
    ["two messages", paths.unary, Buffer.concat([message(plain), message(plain)]), "UNIMPLEMENTED"],
    ["no message", paths.unary, empty, "UNIMPLEMENTED"],
    ["no message", paths.clientStream, empty, "OK"],
    ["no message", paths.bidi, empty, "OK"],
  ])("B7: ends its call: %s to %s", async (name, path, body, code) => {
    const server = shared();
    const { started } = await server.stats();
    const outcome = await rawCaller(server.port).call(path, body);
    const after = await server.stats();
    report(`B7 ${name} to ${path}`, {
      code: nameOf(outcome),
      said: outcome.message,
      ran: after.started - started,
    });
    expect(nameOf(outcome)).toBe(code);
  });
});

it("B15: tells that an answer is too large, and sends none of it", async () => {
  const server = shared();
  const request = Envelope.encode(Envelope.create({ count: 5n * 1024n * 1024n })).finish();
  const outcome = await rawCaller(server.port).call(paths.unary, message(Buffer.from(request)));
  report("B15", { ...outcome });
  expect(nameOf(outcome)).toBe("RESOURCE_EXHAUSTED");
  expect(outcome.bytes).toBe(0);
  await server.isAlive();
});
