import { setTimeout as delay } from "node:timers/promises";
import { callHead, encodeHead } from "@grpc-kit/testing/hpack";
import {
  connectRaw,
  type Flood,
  flags,
  flood,
  frame,
  headers,
  settings,
  windowUpdate,
} from "@grpc-kit/testing/raw-http2";
import type { Harness } from "../../harness/harness.ts";
import { judge, lateUnless, missUnless, outcomeOf, together } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import type { Outcome, Row } from "../../row.ts";
import { addressOf } from "../../wire/attacker.ts";
import { headOf, itemPaths } from "../../wire/items.ts";
import { refused, startedOf } from "./services.ts";

interface FloodOptions {
  readonly first?: Buffer;
  readonly chunk: Buffer;
  readonly isReading?: boolean;
  readonly peakMiB?: number;
}

const closedWithinMs = 1_000;
// Of a machine that others use as well.
const quickClosedWithinMs = 5_000;

function times(count: number, bytes: Buffer): Buffer {
  return Buffer.concat(Array<Buffer>(count).fill(bytes));
}

const ping = times(1_000, frame("ping", 0, 0, Buffer.alloc(8)));
const initialWindow = times(1_000, settings({ 4: 65_535 }));
// A method that no other row of these calls, so that it shows whether its handler has run.
const halfHead = frame("headers", 0, 1, encodeHead(callHead("/examples.ItemService/DeleteItem")));
const moreHead = encodeHead([["x-more", "x".repeat(1_024)]]);
const priority = frame("priority", 0, 3, Buffer.from([0, 0, 0, 0, 15]));

export const continuationFlood: Row = {
  id: "A6",
  fault: "CONTINUATION without end (CVE-2024-27316)",
  promise: "cut within a second, +32 MiB at the most, and no handler runs",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const startsBefore = startedOf(await service.metrics(), "DeleteItem");
    const outcome = await floods(harness, "A6", {
      full: {
        first: halfHead,
        chunk: times(16, frame("continuation", 0, 1, moreHead)),
        peakMiB: 32,
      },
      empty: { first: halfHead, chunk: times(1_000, frame("continuation", 0, 1)), peakMiB: 32 },
    });
    const starts = startedOf(await service.metrics(), "DeleteItem") - startsBefore;
    return {
      ...outcome,
      misses: [...outcome.misses, ...missUnless(starts === 0, `${starts} handlers have run`)],
    };
  },
};

export const pingFlood: Row = {
  id: "A9",
  fault: "PING flood, its answers read or not",
  promise: "cut within a second, memory bounded, others served",
  isQuick: true,
  run: (harness) =>
    floods(harness, "A9", { read: { chunk: ping }, unread: { chunk: ping, isReading: false } }),
};

export const settingsFlood: Row = {
  id: "A10",
  fault: "SETTINGS flood, its answers read or not",
  promise: "as A9",
  isQuick: true,
  run: (harness) =>
    floods(harness, "A10", {
      read: { chunk: initialWindow },
      unread: { chunk: initialWindow, isReading: false },
    }),
};

export const priorityFlood: Row = {
  id: "A11",
  fault: "PRIORITY flood",
  promise: "cut within a second (Node.js 22: within three), others served",
  isQuick: false,
  run: (harness) => floods(harness, "A11", { "": { chunk: times(1_000, priority) } }),
};

export const emptyDataFlood: Row = {
  id: "A13",
  fault: "DATA flood of empty frames",
  promise: "as A9",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const first = headers(1, headOf(service, itemPaths.batchCreateItems));
    return floods(harness, "A13", { "": { first, chunk: times(1_000, frame("data", 0, 1)) } });
  },
};

async function floods(
  harness: Harness,
  id: string,
  options: Readonly<Record<string, FloodOptions>>,
): Promise<Outcome> {
  const service = await harness.service();
  const outcomes: Record<string, Outcome> = {};
  for (const [name, flooding] of Object.entries(options)) {
    const from = addressOf(id, Object.keys(outcomes).length);
    outcomes[name] = await floodWith(harness, service, from, flooding);
  }
  return outcomes[""] ?? together(outcomes);
}

async function floodWith(
  harness: Harness,
  service: Service,
  from: string,
  { first = Buffer.alloc(0), chunk, isReading = true, peakMiB = 128 }: FloodOptions,
): Promise<Outcome> {
  const endMs = harness.isQuick ? 200 : 5_000;
  const { result, ...verdict } = await judge(
    harness,
    service,
    { victim: true, memory: { peakMiB } },
    async () => {
      const outcomes: Flood[] = [];
      const startMs = performance.now();
      do {
        const attacker = await connectRaw(service.port, { isReading, from });
        await attacker.send(first);
        outcomes.push(await flood(attacker, () => chunk, 8_000));
        attacker.close();
        // No faster than connections are let in.
        await delay(10);
      } while (performance.now() - startMs < endMs);
      return outcomes;
    },
  );
  const sentMiB = result.reduce((sum, { sentBytes }) => sum + sentBytes, 0) / 1024 / 1024;
  const slowestMs = Math.max(...result.map((of) => of.closedAfterMs ?? Number.POSITIVE_INFINITY));
  const limitMs = (harness.isQuick ? quickClosedWithinMs : closedWithinMs) * verdict.stretch;
  return outcomeOf(verdict, {
    measured: [
      `${result.length} connections cut after ${Math.round(slowestMs)} ms at the latest`,
      `${sentMiB.toFixed(1)} MiB sent`,
    ],
    misses: lateUnless(
      slowestMs <= limitMs,
      `a connection was cut after ${Math.round(slowestMs)} ms`,
    ),
  });
}

export const windowUpdateFlood: Row = {
  id: "A12",
  fault: "WINDOW_UPDATE flood, alone or with a call each 4 MB",
  promise: "cut at the look of each second, once 16 MiB of frames belong to no call, and counted",
  isQuick: false,
  async run(harness) {
    const service = await harness.service();
    const head = headOf(service, itemPaths.batchCreateItems);
    const updates = times(1_000, windowUpdate(0, 1));
    const chunks: Record<string, (round: number) => Buffer> = {
      alone: () => updates,
      "with calls": (round) =>
        round % 300 === 299
          ? Buffer.concat([headers(2 * round + 1, head, flags.endStream), updates])
          : updates,
    };
    const outcomes: Record<string, Outcome> = {};
    for (const [name, chunk] of Object.entries(chunks)) {
      const { result, ...verdict } = await judge(
        harness,
        service,
        { victim: true, memory: true, counters: [refused("flood")] },
        async () => {
          const from = addressOf("A12", Object.keys(outcomes).length);
          const attacker = await connectRaw(service.port, { from });
          await attacker.send(headers(1, head));
          const outcome = await flood(attacker, chunk, 10_000);
          attacker.close();
          return outcome;
        },
      );
      const afterMs = Math.round(result.closedAfterMs ?? Number.POSITIVE_INFINITY);
      outcomes[name] = outcomeOf(verdict, {
        measured: [`cut after ${afterMs} ms and ${(result.sentBytes / 2 ** 20).toFixed(0)} MiB`],
        // The first look may come before 16 MiB are there.
        misses: lateUnless(
          afterMs <= 3_000 * verdict.stretch,
          `the connection was cut after ${afterMs} ms`,
        ),
      });
    }
    return together(outcomes);
  },
};
