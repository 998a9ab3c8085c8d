import { setTimeout as delay } from "node:timers/promises";
import {
  connectRaw,
  frame,
  headers,
  preface,
  settings,
  streamId,
} from "@grpc-kit/testing/raw-http2";
import { authorized, createItemClient } from "../../harness/calls.ts";
import { judge, lateUnless, missUnless, outcomeOf } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import type { Row } from "../../row.ts";
import { addressOf } from "../../wire/attacker.ts";
import { framed } from "../../wire/framing.ts";
import { bodies, callFrames, headOf, itemPaths } from "../../wire/items.ts";
import { impatient, refused } from "./services.ts";

export const slowBody: Row = {
  id: "A17",
  fault: "slow body: one byte of a message now and then",
  promise:
    "each stream ends by its deadline or its idle time (here 1 s), a second later at the most; heads that come so end with their idle connection (A16)",
  isQuick: true,
  async run(harness) {
    const service = await harness.service({ env: impatient });
    const body = framed(Buffer.alloc(1_000));
    const methods = [
      itemPaths.getItem,
      itemPaths.listItems,
      itemPaths.batchCreateItems,
      itemPaths.syncItems,
    ];
    const { result, ...verdict } = await judge(harness, service, { victim: true }, async () => {
      const attacker = await connectRaw(service.port, { from: addressOf("A17") });
      harness.onEnd(() => attacker.close());
      const startMs = performance.now();
      const left = new Set(methods.map((_, n) => streamId(n)));
      const afterMs: number[] = [];
      for (const [n, path] of methods.entries()) {
        await attacker.send(headers(streamId(n), headOf(service, path)));
      }
      for (let sent = 0; left.size > 0 && performance.now() - startMs < 8_000; sent += 1) {
        for (const id of left) {
          if (attacker.ended.has(id) || attacker.resets.has(id) || attacker.isClosed) {
            left.delete(id);
            afterMs.push(performance.now() - startMs);
          } else {
            await attacker.send(frame("data", 0, id, body.subarray(sent, sent + 1)));
          }
        }
        await delay(100);
      }
      return { left: left.size, afterMs: Math.max(...afterMs) };
    });
    const isIdle = await waitUntil(async () => (await service.probe()).handlersRunning === 0);
    const { left, afterMs } = result;
    const limitMs = harness.isQuick ? 6_000 : 2_500;
    return outcomeOf(verdict, {
      measured: [
        `${methods.length - left} of ${methods.length} streams ended, the last after ${Math.round(afterMs)} ms`,
      ],
      misses: [
        ...lateUnless(
          left === 0 && afterMs <= limitMs * verdict.stretch,
          `${left} streams have not ended, the last one after ${Math.round(afterMs)} ms`,
        ),
        ...missUnless(isIdle, "handlers run on"),
      ],
    });
  },
};

const streams = 100;
// More than the 256 KiB that the server sends ahead.
const pageSize = 100;

export const slowRead: Row = {
  id: "A18",
  fault: "slow read: 100 streams with a window of 0, each of a page of 100 items of 4 KB",
  promise:
    "192 MiB at the peak at the most (grpc-server's README); all are cut after the send stall timeout (here 1 s), and their handlers end",
  isQuick: false,
  async run(harness) {
    // Its own, as one that has had much to do holds memory already.
    const env = {
      GRPC_SERVER_SEND_STALL_TIMEOUT_MS: "1000",
      // So many that the victim has a place.
      GRPC_SERVER_MAX_CONCURRENT_RPCS: "200",
    };
    const service = await harness.service({ env, own: true });
    await createManyItems(service, pageSize);
    const head = headOf(service, itemPaths.listItems);
    const { result, ...verdict } = await judge(
      harness,
      service,
      {
        // All answers are made at once, and the victim's calls wait for that.
        victim: "no failures",
        memory: { peakMiB: 192 },
        counters: [refused("send_stall", { min: streams, max: streams })],
      },
      async () => {
        const hello = [preface, settings({ 4: 0 })];
        const attacker = await connectRaw(service.port, { from: addressOf("A18"), hello });
        harness.onEnd(() => attacker.close());
        for (let n = 0; n < streams; n += 1) {
          await attacker.send(callFrames(streamId(n), head, bodies.listItems(pageSize)));
        }
        const startMs = performance.now();
        await waitUntil(() => attacker.resets.size === streams, { timeoutMs: 20_000 });
        return { cut: attacker.resets.size, afterMs: performance.now() - startMs };
      },
    );
    const isIdle = await waitUntil(async () => (await service.probe()).handlersRunning === 0);
    const { cut, afterMs } = result;
    return outcomeOf(verdict, {
      measured: [`${cut} streams cut after ${Math.round(afterMs)} ms`],
      misses: [
        ...missUnless(cut === streams, `${streams - cut} streams were not cut`),
        // The timeout, the second from one look to the next, and what making the answers takes.
        ...lateUnless(
          afterMs <= 5_000 * verdict.stretch,
          `the last stream was cut after ${Math.round(afterMs)} ms`,
        ),
        ...missUnless(isIdle, "handlers run on"),
      ],
    });
  },
};

/** Items with all the text that one may have. */
async function createManyItems(service: Service, count: number): Promise<void> {
  const client = createItemClient(service);
  const deadline = Date.now() + 60_000;
  await new Promise<void>((resolve, reject) => {
    const call = client.batchCreateItems(authorized(service.token()), { deadline }, (error) =>
      error === null ? resolve() : reject(error),
    );
    for (let n = 0; n < count; n += 1) {
      const request = {
        name: "n".repeat(200),
        description: "é".repeat(2_000),
        quantity: 1,
        price: 1,
      };
      call.write({ ...request, sku: `slow-read-${n}` });
    }
    call.end();
  });
  client.close();
}
