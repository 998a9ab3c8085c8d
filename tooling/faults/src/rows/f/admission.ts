import { setTimeout as delay } from "node:timers/promises";
import { all, codeOf, once, openItems, silence } from "../../harness/item-stub.ts";
import { lateUnless, missUnless } from "../../harness/judge.ts";
import { percentile } from "../../harness/percentile.ts";
import { ms, tally } from "../../harness/tell.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import type { Row } from "../../row.ts";
import { attackerSyncs } from "./attacker-syncs.ts";

const [running, queued, queueMs] = [10, 5, 700];

export const tooManyCalls: Row = {
  id: "F1",
  fault: "More calls at once than may run",
  promise:
    "No more run than are allowed, a short queue waits for no longer than it may, and the others are refused at once, told when to come back",
  isQuick: true,
  async run(harness) {
    const service = await harness.service({
      env: {
        GRPC_SERVER_MAX_CONCURRENT_RPCS: String(running),
        GRPC_SERVER_MAX_QUEUED_RPCS: String(queued),
        GRPC_SERVER_MAX_QUEUE_MS: String(queueMs),
      },
      own: true,
    });
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    const hold = new AbortController();
    const holders = Array.from({ length: running }, () =>
      codeOf(all(items.syncItems(silence(hold.signal), { signal: hold.signal }))),
    );
    await waitUntil(async () => (await service.probe()).handlersRunning === running);
    await service.resetPeaks();
    const calls = harness.isQuick ? 50 : 1_000;
    const ended: { readonly code: string; readonly tookMs: number; readonly isTold: boolean }[] =
      [];
    // In waves that one connection takes at once.
    for (let made = 0; made < calls; made += 50) {
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          const startMs = performance.now();
          const call = items.getItem({ id: crypto.randomUUID() });
          const isTold = await call.then(
            () => false,
            (error: { retryDelayMs?: number }) => error.retryDelayMs !== undefined,
          );
          const code = await codeOf(call);
          ended.push({ code, tookMs: performance.now() - startMs, isTold });
        }),
      );
    }
    hold.abort();
    await Promise.all(holders);
    const { peakHandlersRunning } = await service.probe();
    const shed = ended.filter(({ tookMs }) => tookMs < queueMs - 50);
    const p99 = percentile(
      shed.map(({ tookMs }) => tookMs),
      99,
    );
    const waves = Math.ceil(calls / 50);
    const late = ended.length - shed.length;
    const codes = tally(ended.map(({ code }) => code));
    return {
      measured: `${calls} calls: ${codes}; at most ${peakHandlersRunning} of ${running} ran, ${late} waited, the others were refused with p99 ${ms(p99)}`,
      misses: [
        ...missUnless(
          peakHandlersRunning <= running,
          `${peakHandlersRunning} handlers ran at once`,
        ),
        ...missUnless(
          late <= queued * waves,
          `${late} calls waited, more than ${queued} at a time`,
        ),
        ...missUnless(
          ended.every(({ code }) => code === "RESOURCE_EXHAUSTED"),
          `not all were RESOURCE_EXHAUSTED: ${codes}`,
        ),
        ...missUnless(
          ended.every(({ isTold }) => isTold),
          "not all were told when to come back",
        ),
        ...lateUnless(p99 <= queueMs - 50, `refusing took ${ms(p99)}`),
      ],
    };
  },
};

export const greedyPeer: Row = {
  id: "F8",
  fault: "One peer asks for all places, with 1,000 streams",
  promise:
    "With maxConcurrentRpcsPerPeer (off by default, since a proxy is one peer) no call of others fails",
  isQuick: false,
  async run(harness) {
    const service = await harness.service({
      env: { GRPC_SERVER_MAX_CONCURRENT_RPCS_PER_PEER: "50" },
      own: true,
    });
    const victim = await harness.victim(service);
    const streams = harness.isQuick ? 300 : 1_000;
    const greedy = await attackerSyncs(harness, service, streams);
    await delay(harness.isQuick ? 500 : 5_000);
    const { peakHandlersRunning } = await service.probe();
    const refused = (await service.metrics()).sum("grpc_kit_server_refused_total");
    const figures = await victim.stop();
    greedy.close();
    const limitMs = Math.max(100, 3 * figures.baselineP99Ms);
    return {
      measured: `${streams} streams of one peer: at most ${peakHandlersRunning} ran, ${refused} refused; ${figures.calls} calls beside it, ${figures.failures} failed, p99 ${ms(figures.p99Ms)} (${ms(figures.baselineP99Ms)} alone)`,
      misses: [
        ...missUnless(
          figures.failures === 0,
          `others' calls failed: ${JSON.stringify(figures.statuses)}`,
        ),
        ...missUnless(refused > 0, "nothing of the greedy peer was refused"),
        ...missUnless(peakHandlersRunning <= 60, `${peakHandlersRunning} handlers ran`),
        ...lateUnless(
          harness.isQuick || figures.p99Ms <= limitMs,
          `the p99 of others was ${ms(figures.p99Ms)}, more than ${ms(limitMs)}`,
        ),
      ],
    };
  },
};
