import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { judge, lateUnless, outcomeOf } from "../../harness/judge.ts";
import { tally, wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { framed } from "../../wire/framing.ts";
import { itemPaths } from "../../wire/items.ts";
import { type WireOutcome, wireCaller } from "../../wire/wire-calls.ts";
import { itemOfSize } from "./sizes.ts";

const mebibyte = 1024 * 1024;
const limit = 4 * mebibyte;

/** A gzip of that many MiB of zeros: members one after the other, as its format allows. */
function gzipBomb(mebibytes: number): Buffer {
  const member = gzipSync(Buffer.alloc(mebibyte));
  return Buffer.concat(Array<Buffer>(mebibytes).fill(member));
}

export const compressedBomb: Row = {
  id: "B3",
  fault: "one compressed message, of 4 MiB and a byte or 500 MiB when it is inflated",
  promise: "RESOURCE_EXHAUSTED; inflating stops at the limit: RSS +64 MiB at the most",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    harness.onEnd(caller.close);
    const bombs = [
      ["gzip", gzipSync(itemOfSize(limit + 1))],
      ["deflate", deflateSync(itemOfSize(limit + 1))],
      ["gzip", gzipBomb(500)],
      ["deflate", deflateSync(Buffer.alloc(64 * mebibyte))],
    ] as const;
    const memory = { peakMiB: 64 };
    const verdict = await judge(harness, service, { memory }, async () => {
      const names: string[] = [];
      for (const path of [itemPaths.createItem, itemPaths.syncItems]) {
        for (const [encoding, bytes] of bombs) {
          const body = framed(bytes, { flag: 1 });
          names.push((await caller.call(path, body, { "grpc-encoding": encoding })).name);
        }
      }
      return names;
    });
    return outcomeOf(verdict, {
      measured: [tally(verdict.result)],
      misses: wrongAmong("a bomb", verdict.result, "RESOURCE_EXHAUSTED"),
    });
  },
};

export const manyBombs: Row = {
  id: "B4",
  fault: "100 streams of 15 bombs of 4 KB, each within the limit: 6 GB when they are inflated",
  promise:
    "few compressed calls run at once, so RSS +320 MiB at the most, and the event loop is held up for 0.5 s at the most",
  isQuick: false,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    harness.onEnd(caller.close);
    const one = framed(gzipSync(itemOfSize(limit - 16)), { flag: 1 });
    const body = Buffer.concat(Array<Buffer>(15).fill(one));
    const attack = (): Promise<readonly WireOutcome[]> =>
      Promise.all(
        Array.from({ length: 100 }, () =>
          caller.call(itemPaths.batchCreateItems, body, { "grpc-encoding": "gzip" }),
        ),
      );
    // How long others wait is how long it takes to inflate what one read has brought.
    const options = { victim: "no failures", memory: { peakMiB: 320, keptMiB: 32 } } as const;
    const verdict = await judge(harness, service, options, attack);
    const names = verdict.result.map(({ name }) => name);
    const heldMs = Math.round(verdict.after.maxEventLoopDelayMs);
    return outcomeOf(verdict, {
      measured: [tally(names), `the event loop was held up for ${heldMs} ms at the most`],
      misses: [
        ...wrongAmong("a stream", names, ["OK", "RESOURCE_EXHAUSTED"]),
        ...lateUnless(heldMs <= 500, `the event loop was held up for ${heldMs} ms, more than 500`),
      ],
    });
  },
};

const nothing = Buffer.alloc(0);
const plain = itemOfSize(1_000);

type Codec = (bytes: Buffer) => Buffer;

/** As a peer would make them that is broken, or wants to find out what breaks. */
const malformed: Readonly<Record<string, (codec: Codec) => Buffer>> = {
  nothing: () => nothing,
  "one byte": () => Buffer.of(0x1f),
  zeros: () => Buffer.alloc(64),
  "not compressed": () => plain,
  "cut in half": (codec) => codec(plain).subarray(0, codec(plain).byteLength / 2),
  "without its checksum": (codec) => codec(plain).subarray(0, -4),
  "with a wrong checksum": (codec) =>
    Buffer.concat([codec(plain).subarray(0, -4), Buffer.alloc(4, 7)]),
  "with a wrong head": (codec) => Buffer.concat([Buffer.of(9, 9), codec(plain).subarray(2)]),
  "compressed otherwise": () => deflateRawSync(plain),
};

export const malformedCompression: Row = {
  id: "B5",
  fault: "compressed data that is malformed, in 18 ways (CVE-2026-48069)",
  promise: "INTERNAL, in every kind of call",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    harness.onEnd(caller.close);
    const names: string[] = [];
    const paths = ["createItem", "listItems", "batchCreateItems", "syncItems"] as const;
    for (const [encoding, codec] of Object.entries({ gzip: gzipSync, deflate: deflateSync })) {
      for (const make of Object.values(malformed)) {
        for (const path of paths) {
          const body = framed(make(codec), { flag: 1 });
          const outcome = await caller.call(itemPaths[path], body, { "grpc-encoding": encoding });
          names.push(outcome.name);
        }
      }
    }
    return { measured: tally(names), misses: wrongAmong("a body", names, "INTERNAL") };
  },
};

export const unknownCompression: Row = {
  id: "B6",
  fault: "an unknown grpc-encoding, or a flag of a message that is none",
  promise: "UNIMPLEMENTED, with the list of those that are known; INTERNAL for the flag",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    harness.onEnd(caller.close);
    const encodings = ["snappy", "br", "zstd", "gzip, deflate", "GZIP", "__proto__"];
    const ofEncodings: WireOutcome[] = [];
    const ofFlags: WireOutcome[] = [];
    for (const path of [itemPaths.createItem, itemPaths.syncItems]) {
      for (const encoding of encodings) {
        const body = framed(gzipSync(plain), { flag: 1 });
        ofEncodings.push(await caller.call(path, body, { "grpc-encoding": encoding }));
      }
      for (const flag of [1, 2, 128, 255]) {
        ofFlags.push(await caller.call(path, framed(plain, { flag })));
      }
    }
    const names = [ofEncodings, ofFlags].map((outcomes) => outcomes.map(({ name }) => name));
    const [encodingNames = [], flagNames = []] = names;
    const silent = ofEncodings.filter(
      ({ headers }) => !/gzip/.test(String(headers["grpc-accept-encoding"])),
    );
    return {
      measured: `encodings: ${tally(encodingNames)}; flags: ${tally(flagNames)}`,
      misses: [
        ...wrongAmong("an encoding", encodingNames, "UNIMPLEMENTED"),
        ...wrongAmong("a flag", flagNames, "INTERNAL"),
        ...silent.map(({ name }) => `an answer (${name}) does not say which encodings are known`),
      ],
    };
  },
};
