import { setTimeout as delay } from "node:timers/promises";
import { indexed, latestEntry, remembered } from "@grpc-kit/testing/hpack";
import { connectRaw, frame, headers, streamId } from "@grpc-kit/testing/raw-http2";
import { judge, missUnless, outcomeOf } from "../../harness/judge.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import type { Row } from "../../row.ts";
import { addressOf } from "../../wire/attacker.ts";
import { bodies, headOf, itemPaths } from "../../wire/items.ts";
import { wireCaller } from "../../wire/wire-calls.ts";

export const hpackBomb: Row = {
  id: "A7",
  fault: "HPACK bomb: 3,000 streams with 110 references to one entry of 4 KB",
  promise: "+128 MiB at the peak at the most, as the streams of a connection are bounded",
  isQuick: true,
  async run(harness) {
    // In the whole run its own, as one that has had much to do holds memory already.
    const service = await harness.service({ own: !harness.isQuick });
    const head = headOf(service, itemPaths.batchCreateItems);
    const bomb = Buffer.concat([head, ...Array<Buffer>(110).fill(indexed(latestEntry))]);
    const { result, ...verdict } = await judge(
      harness,
      service,
      // It is over within a few of the victim's calls, too few for a percentile.
      { victim: "no failures", memory: true },
      async () => {
        const attacker = await connectRaw(service.port, { from: addressOf("A7") });
        await attacker.send(
          headers(1, Buffer.concat([remembered("x-bomb", "x".repeat(3_900)), head])),
        );
        let sentBytes = 0;
        for (let n = 1; n < 3_000; n += 1) {
          const bytes = headers(streamId(n), bomb);
          sentBytes += bytes.byteLength;
          if (!(await attacker.send(bytes))) {
            break;
          }
        }
        await Promise.race([attacker.closed, delay(harness.isQuick ? 300 : 3_000)]);
        const { goaway, resets } = attacker;
        attacker.close();
        return { sentBytes, goaway: goaway?.code, resets: resets.size };
      },
    );
    const { sentBytes, goaway, resets } = result;
    return outcomeOf(verdict, {
      measured: [
        `${Math.round(sentBytes / 1024)} KiB sent`,
        `${resets} streams reset, GOAWAY ${goaway ?? "none"}`,
      ],
    });
  },
};

const limitKiB = 16;

export const oversizeMetadata: Row = {
  id: "A8",
  fault: "oversize metadata: values of 4 to 1,024 KiB, 50 to 2,000 pairs",
  promise:
    "taken below 16 KiB and 128 pairs; refused above (RESOURCE_EXHAUSTED, or by HTTP/2), and the next call goes through",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    harness.onEnd(() => caller.close());
    const body = bodies.getItem("00000000-0000-4000-8000-000000000000");
    const outcomes: string[] = [];
    const misses: string[] = [];
    const attempt = async (name: string, more: Record<string, string>, isTaken: boolean) => {
      const { name: got } = await caller.call(itemPaths.getItem, body, more);
      outcomes.push(`${name} ${got}`);
      const isRight = isTaken
        ? got === "NOT_FOUND"
        : got === "RESOURCE_EXHAUSTED" || /^(RST|cut)/.test(got);
      misses.push(...missUnless(isRight, `${name} ended with ${got}`));
      // A connection that is being closed is not for the next call.
      const nextCaller = wireCaller(service, service.token());
      const { name: next } = await nextCaller.call(itemPaths.getItem, body);
      nextCaller.close();
      misses.push(...missUnless(next === "NOT_FOUND", `the call after ${name} ended with ${next}`));
    };
    for (const kibibytes of [4, 8, 14, 17, 32, 60, 70, 256, 1_024]) {
      const value = { "x-value": "x".repeat(kibibytes * 1_024) };
      await attempt(`${kibibytes} KiB`, value, kibibytes < limitKiB);
    }
    for (const pairs of [50, 100, 200, 500, 2_000]) {
      const more = Array.from({ length: pairs }, (_, n) => [`x-key-${n}`, "x"] as const);
      await attempt(`${pairs} pairs`, Object.fromEntries(more), pairs <= 100);
    }
    return { measured: outcomes.join(", "), misses };
  },
};

export const ignoredStreamLimit: Row = {
  id: "A24",
  fault: "1,000 streams on a connection that may have 100",
  promise: "no more than 100 run; the others are refused, or the connection is cut",
  isQuick: true,
  async run(harness) {
    // So many that the victim has a place whatever one connection takes.
    const service = await harness.service({ env: { GRPC_SERVER_MAX_CONCURRENT_RPCS: "200" } });
    const head = headOf(service, itemPaths.batchCreateItems);
    const body = bodies.createItem({ name: "a" });
    const { result, ...verdict } = await judge(
      harness,
      service,
      { victim: true, memory: true, limit: 110 },
      async () => {
        const attacker = await connectRaw(service.port, { from: addressOf("A24") });
        for (let n = 0; n < 1_000; n += 1) {
          if (
            !(await attacker.send(headers(streamId(n), head), frame("data", 0, streamId(n), body)))
          ) {
            break;
          }
        }
        await waitUntil(() => attacker.isClosed || attacker.resets.size >= 900);
        const { resets, goaway, isClosed } = attacker;
        attacker.close();
        return { resets, goaway, isClosed };
      },
    );
    // One that is cut as it writes may be so before it has read the GOAWAY.
    const { resets, goaway, isClosed } = result;
    const end = `GOAWAY ${goaway?.code ?? "none"}${isClosed ? ", cut" : ""}`;
    return outcomeOf(verdict, {
      measured: [`${resets.size} streams refused, ${end}`],
      misses: missUnless(resets.size > 0 || isClosed, "no stream was refused"),
    });
  },
};
