import { setTimeout as delay } from "node:timers/promises";
import type { CreateItemRequest, ItemSyncRequest } from "@grpc-kit/generated-protos/examples/items";
import { all, codeOf, once, openItems, silence } from "../../harness/item-stub.ts";
import { judge, lateUnless, missUnless, outcomeOf } from "../../harness/judge.ts";
import { sizeOf } from "../../harness/size-of.ts";
import { ms, tally, wrongAmong } from "../../harness/tell.ts";
import { msUntil } from "../../harness/wait-until.ts";
import type { Row } from "../../row.ts";
import { newItem } from "../../wire/items.ts";

// Or most calls of the whole storm are refused, since their address has spent its budget.
const manyResets = {
  GRPC_SERVER_RESET_BUDGET_BURST: "1000000",
  GRPC_SERVER_RESET_BUDGET_PER_SECOND: "100000",
};
// The others are those of a connection that HTTP/2 itself cuts after a thousand resets, and of the next one.
const ends = ["CANCELLED", "UNAVAILABLE", "RESOURCE_EXHAUSTED"];

export const cancelStorm: Row = {
  id: "F9",
  fault: "A storm of cancelled bidirectional calls",
  promise: "Nothing is left behind: no handler runs, no socket more is open, the heap is as before",
  isQuick: true,
  async run(harness) {
    const service = await harness.service(harness.isQuick ? {} : { env: manyResets });
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    const calls = harness.isQuick ? 300 : sizeOf("FAULTS_CANCELLED_CALLS", 10_000);
    const storm = async (count: number): Promise<readonly string[]> => {
      const codes: string[] = [];
      for (let made = 0; made < count; made += 50) {
        const wave = Array.from({ length: 50 }, async (_, n) => {
          const caller = new AbortController();
          const call = codeOf(
            all(items.syncItems(silence(caller.signal), { signal: caller.signal })),
          );
          await delay(n % 10);
          caller.abort();
          codes.push(await call);
        });
        await Promise.all(wave);
      }
      return codes;
    };
    await storm(50);
    const memory = harness.isQuick ? false : { keptMiB: 16 };
    const verdict = await judge(harness, service, { memory }, () => storm(calls));
    const endedMs = await msUntil(
      async () => {
        const { handlersRunning, openSockets } = await service.probe();
        return handlersRunning === 0 && openSockets <= verdict.before.openSockets + 1;
      },
      { timeoutMs: 5_000 },
    );
    return outcomeOf(verdict, {
      measured: [`${calls} calls: ${tally(verdict.result)}`, `all over after ${ms(endedMs)}`],
      misses: [
        ...missUnless(endedMs !== undefined, "handlers or sockets were left"),
        ...wrongAmong("calls", verdict.result, ends),
      ],
    });
  },
};

export const parkedHandler: Row = {
  id: "F11",
  fault: "Callers who have read nothing of a long answer cancel it",
  promise: "Each handler's generator is finalised at once",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    const page = Array.from({ length: 1_000 }, () => ({
      ...newItem(),
      description: "x".repeat(1_000),
    }));
    await items.batchCreateItems(page);
    const calls = harness.isQuick ? 40 : 1_000;
    let slowestMs = 0;
    let left = 0;
    for (let made = 0; made < calls; made += 20) {
      const readers = Array.from({ length: 20 }, async () => {
        for await (const _item of items.listItems({ pageSize: 1_000, pageToken: "", filter: "" })) {
          // Until the rest of a megabyte waits on both sides.
          await delay(20);
          return;
        }
      });
      await Promise.all(readers);
      const tookMs = await msUntil(async () => (await service.probe()).handlersRunning === 0, {
        timeoutMs: 5_000,
        intervalMs: 1,
      });
      slowestMs = Math.max(slowestMs, tookMs ?? 5_000);
      left += tookMs === undefined ? 1 : 0;
    }
    return {
      measured: `${calls} calls left after one of 1,000 messages; the last handler of 20 was over within ${ms(slowestMs)}`,
      misses: [
        ...missUnless(left === 0, "handlers ran 5 s after their callers had gone"),
        ...lateUnless(slowestMs <= (harness.isQuick ? 1_000 : 250), `it took ${ms(slowestMs)}`),
      ],
    };
  },
};

export const idleStream: Row = {
  id: "F12",
  fault: "Streams on which nothing is said, and which never end",
  promise:
    "With streamIdleTimeoutMs they end at the limit, a second later at most; with a deadline at that",
  isQuick: false,
  async run(harness) {
    const limitMs = 700;
    const service = await harness.service({
      env: { GRPC_SERVER_STREAM_IDLE_TIMEOUT_MS: String(limitMs) },
    });
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    const silent = new AbortController();
    const took = async (call: Promise<unknown>): Promise<[code: string, tookMs: number]> => {
      const startMs = performance.now();
      return [await codeOf(call), performance.now() - startMs];
    };
    const [idle, late] = await Promise.all([
      took(all(items.syncItems(silence(silent.signal), { timeoutMs: 30_000 }))),
      took(all(items.syncItems(silence(silent.signal), { timeoutMs: 500 }))),
    ]);
    silent.abort();
    return {
      measured: `idle limit ${limitMs} ms: ${idle[0]} after ${ms(idle[1])}; deadline 500 ms: ${late[0]} after ${ms(late[1])}`,
      misses: [
        ...missUnless(
          idle[0] !== "OK" && idle[1] >= limitMs && idle[1] <= limitMs + 2_000,
          `the idle stream ended ${idle[0]} after ${ms(idle[1])}`,
        ),
        ...missUnless(
          late[0] === "DEADLINE_EXCEEDED" && late[1] <= 1_500,
          `the late stream ended ${late[0]} after ${ms(late[1])}`,
        ),
      ],
    };
  },
};

export const endlessBatch: Row = {
  id: "F13",
  fault: "A client stream of more messages than there may be",
  promise: "RESOURCE_EXHAUSTED at 100,000 items, in bounded memory, and nothing of it is kept",
  isQuick: false,
  async run(harness) {
    const service = await harness.service();
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    let sent = 0;
    async function* endless(): AsyncGenerator<CreateItemRequest> {
      for (; sent < 1_000_000; sent += 1) {
        yield newItem(`endless-${sent}`);
      }
    }
    const count = () =>
      all(items.listItems({ pageSize: 5, pageToken: "", filter: 'sku : "endless"' }));
    const verdict = await judge(
      harness,
      service,
      { victim: "no failures", memory: { peakMiB: 64 } },
      () => codeOf(items.batchCreateItems(endless(), { timeoutMs: 120_000 })),
    );
    const kept = await count();
    return outcomeOf(verdict, {
      measured: [`${verdict.result} after ${sent} messages were taken`],
      misses: [
        ...missUnless(verdict.result === "RESOURCE_EXHAUSTED", `the batch ended ${verdict.result}`),
        ...missUnless(sent < 200_000, `${sent} messages were taken`),
        ...missUnless(kept.length === 0, "some of the batch was created"),
      ],
    });
  },
};

export const slowConsumer: Row = {
  id: "F14",
  fault: "A caller of a bidirectional stream sends and sends, and reads nothing",
  promise: "It is made to wait, in bounded memory, and gets all answers in order once it reads",
  isQuick: false,
  async run(harness) {
    const service = await harness.service();
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    let taken = 0;
    let isOver = false;
    async function* offer(): AsyncGenerator<ItemSyncRequest> {
      while (!isOver) {
        const value = `00000000-0000-4000-8000-${String(taken).padStart(12, "0")}`;
        taken += 1;
        yield { action: { $case: "deleteId", value } };
      }
    }
    const answers = items.syncItems(offer(), { timeoutMs: 60_000 });
    const verdict = await judge(
      harness,
      service,
      { memory: { peakMiB: 32, keptMiB: 32 } },
      async () => {
        const first = await answers.next();
        let before = -1;
        const stalledMs = await msUntil(
          () => {
            const isStalled = taken === before;
            before = taken;
            return isStalled;
          },
          { timeoutMs: 15_000, intervalMs: 300 },
        );
        return { first: first.value?.id, stalledMs, takenWhenStalled: taken };
      },
    );
    isOver = true;
    const ids = [verdict.result.first, ...(await all(answers)).map(({ id }) => id)];
    const isInOrder = ids.every((id, n) => Number(String(id).slice(24)) === n);
    const { stalledMs, takenWhenStalled } = verdict.result;
    return outcomeOf(verdict, {
      measured: [
        `the sender stood still after ${takenWhenStalled} messages`,
        `${ids.length} answers`,
      ],
      misses: [
        ...missUnless(stalledMs !== undefined, "the sender never stood still"),
        ...missUnless(ids.length === taken, `${ids.length} answers to ${taken} messages`),
        ...missUnless(isInOrder, "answers were out of order"),
      ],
    });
  },
};
