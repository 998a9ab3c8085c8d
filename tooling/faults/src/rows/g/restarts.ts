import { setTimeout as delay } from "node:timers/promises";
import type { Harness } from "../../harness/harness.ts";
import { openItems } from "../../harness/item-stub.ts";
import { missUnless } from "../../harness/judge.ts";
import { sizeOf } from "../../harness/size-of.ts";
import { tally } from "../../harness/tell.ts";
import type { Outcome, Row } from "../../row.ts";
import { auditWrites, type LoadReport, startItemLoad, untilMade } from "./item-load.ts";
import { type Replicas, startReplicas } from "./replicas.ts";

const channel = { reconnectBackoff: { initialMs: 100, maxMs: 200 } };

function failuresOf(reports: readonly LoadReport[]): string {
  return tally(
    reports.flatMap(({ failures }) =>
      failures.map(({ method, code, details }) => `${method} ${code} (${details.slice(0, 80)})`),
    ),
  );
}

/** What has become of the writes, in words. */
function audit(replicas: Replicas, reports: readonly LoadReport[]): Outcome {
  const { lost, twice, stray } = auditWrites(replicas.skus(), reports);
  const writes = reports.reduce((sum, { created }) => sum + created.length, 0);
  return {
    measured: `${writes} items written, ${lost} lost, ${twice} twice, ${stray} unasked`,
    misses: missUnless(
      lost + twice + stray === 0,
      `writes: ${lost} lost, ${twice} twice, ${stray} unasked`,
    ),
  };
}

function callsOf(harness: Harness, usual: number): number {
  return harness.isQuick ? 600 : sizeOf("FAULTS_CALLS", usual);
}

export const rollingRestart: Row = {
  id: "G1",
  fault: "Three servers are restarted in turn by SIGTERM, under load",
  promise:
    "No call of any kind is lost, with retries and without, and each write is done once (FAULTS_CALLS=100000 for the full size)",
  isQuick: false,
  async run(harness) {
    const replicas = await startReplicas(harness, 3);
    const { targets, token } = replicas;
    const loads = [{}, { retry: false } as const].map((options) =>
      startItemLoad(
        openItems(harness, targets, { token, channel, circuitBreaker: false, ...options }),
        {
          lanes: 8,
        },
      ),
    );
    const calls = callsOf(harness, 8_000);
    const restarts = Math.max(3, 3 * Math.round(calls / 25_000));
    for (let restart = 0; restart < restarts; restart += 1) {
      await untilMade(loads, calls / restarts / loads.length);
      await replicas.replace(restart % 3, "stop");
    }
    await untilMade(loads, 100);
    const reports = await Promise.all(loads.map((load) => load.stop()));
    const made = reports.reduce((sum, report) => sum + report.calls, 0);
    const writes = audit(replicas, reports);
    const failures = failuresOf(reports);
    return {
      measured: `${made} calls, ${restarts} restarts, failed: ${failures}; ${writes.measured}`,
      misses: [...missUnless(failures === "none", `calls failed: ${failures}`), ...writes.misses],
    };
  },
};

export const killedServer: Row = {
  id: "G2",
  fault: "Three servers are killed in turn (SIGKILL), under load",
  promise:
    "No idempotent call fails unless its answer had begun; others fail UNAVAILABLE at the worst, with the killed process alone; no write is done twice",
  isQuick: false,
  async run(harness) {
    const replicas = await startReplicas(harness, 3);
    const { targets, token } = replicas;
    const open = (isKeyed: boolean) =>
      startItemLoad(
        openItems(harness, targets, { token, channel, isKeyed, circuitBreaker: false }),
        {
          lanes: 8,
          isKeyed,
          isUnaryOnly: true,
        },
      );
    const [idempotent, other] = [open(true), open(false)];
    const loads = [idempotent, other];
    const calls = callsOf(harness, 6_000);
    for (let kill = 0; kill < 3; kill += 1) {
      await untilMade(loads, calls / 6);
      await replicas.replace(kill, "kill");
    }
    await untilMade(loads, 100);
    const reports = await Promise.all(loads.map((load) => load.stop()));
    const [keyed, unkeyed] = reports as [LoadReport, LoadReport];
    const writes = audit(replicas, reports);
    const lost = keyed.failures.filter(({ isBegun }) => !isBegun);
    const wrong = reports.flatMap(({ failures }) =>
      failures.filter(({ code }) => code !== "UNAVAILABLE"),
    );
    return {
      measured: `${keyed.calls} idempotent calls, failed: ${failuresOf([keyed])} (${lost.length} before an answer); ${unkeyed.calls} others, failed: ${failuresOf([unkeyed])}; ${writes.measured}`,
      misses: [
        ...missUnless(lost.length === 0, `idempotent calls failed: ${failuresOf([keyed])}`),
        ...missUnless(
          wrong.length === 0,
          `calls failed otherwise than UNAVAILABLE: ${failuresOf(reports)}`,
        ),
        ...writes.misses,
      ],
    };
  },
};

export const connectionAge: Row = {
  id: "G7",
  fault: "Connections to two servers get too old every second, with many calls in flight",
  promise:
    "No call that may be repeated is lost, and of the others one in a thousand at the most, UNAVAILABLE and not done (FAULTS_AGE_SECONDS=300 for the full size)",
  isQuick: false,
  async run(harness) {
    const seconds = sizeOf("FAULTS_AGE_SECONDS", 20);
    const replicas = await startReplicas(harness, 2, {
      GRPC_SERVER_MAX_CONNECTION_AGE_MS: "1000",
      GRPC_SERVER_MAX_CONCURRENT_RPCS: "1000",
    });
    const { targets, token } = replicas;
    const open = (isKeyed: boolean) =>
      startItemLoad(
        openItems(harness, targets, { token, channel, isKeyed, circuitBreaker: false }),
        {
          lanes: 16,
          isKeyed,
        },
      );
    const loads = [open(true), open(false)];
    await delay(seconds * 1_000);
    const reports = await Promise.all(loads.map((load) => load.stop()));
    const [keyed, unkeyed] = reports as [LoadReport, LoadReport];
    const writes = audit(replicas, reports);
    const made = keyed.calls + unkeyed.calls;
    const lost = keyed.failures.filter(({ method }) => method !== "SyncItems");
    const share = unkeyed.failures.length / Math.max(1, unkeyed.calls);
    const wrong = reports.flatMap(({ failures }) =>
      failures.filter(({ code }) => code !== "UNAVAILABLE"),
    );
    return {
      measured: `${made} calls in ${seconds} s; repeatable ones lost: ${failuresOf([keyed])}; of ${unkeyed.calls} others: ${failuresOf([unkeyed])}; ${writes.measured}`,
      misses: [
        ...missUnless(lost.length === 0, `repeatable calls were lost: ${failuresOf([keyed])}`),
        ...missUnless(
          wrong.length === 0,
          `calls failed otherwise than UNAVAILABLE: ${failuresOf(reports)}`,
        ),
        ...missUnless(share <= 0.001, `${(share * 100).toFixed(2)} % of the other calls were lost`),
        ...writes.misses,
      ],
    };
  },
};

export const silentServer: Row = {
  id: "G22",
  fault: "One of three servers says nothing any more (SIGSTOP), its connections stay",
  promise:
    "With keepalive of 1 s and 1 s, 99.9 % of calls succeed from 5 s later on, without hedging",
  isQuick: false,
  async run(harness) {
    const replicas = await startReplicas(harness, 3);
    const { targets, token, services } = replicas;
    const keepalive = { "grpc.keepalive_time_ms": 1_000, "grpc.keepalive_timeout_ms": 1_000 };
    const items = openItems(harness, targets, {
      token,
      channel: { ...channel, grpcOptions: keepalive },
    });
    const ends: { readonly startedMs: number; readonly isOk: boolean }[] = [];
    const underWay: Promise<void>[] = [];
    const beganMs = performance.now();
    let made = 0;
    const load = setInterval(() => {
      for (; made < ((performance.now() - beganMs) / 1_000) * 100; made += 1) {
        const startedMs = performance.now() - beganMs;
        const call = items.listItems(
          { pageSize: 1, pageToken: "", filter: "" },
          { timeoutMs: 2_000 },
        );
        underWay.push(
          call.next().then(
            () => void ends.push({ startedMs, isOk: true }),
            () => void ends.push({ startedMs, isOk: false }),
          ),
        );
      }
    }, 10);
    harness.onEnd(() => clearInterval(load));
    await delay(500);
    const frozen = services[0]?.pid ?? 0;
    process.kill(frozen, "SIGSTOP");
    harness.onEnd(() => void process.kill(frozen, "SIGCONT"));
    await delay(10_500);
    clearInterval(load);
    await Promise.all(underWay);
    process.kill(frozen, "SIGCONT");
    const before = ends.filter(({ startedMs }) => startedMs <= 5_500);
    const after = ends.filter(({ startedMs }) => startedMs > 5_500);
    const failed = (calls: typeof ends): number => calls.filter(({ isOk }) => !isOk).length;
    const share = 1 - failed(after) / Math.max(1, after.length);
    return {
      measured: `${failed(before)} of ${before.length} calls failed in the first 5 s, ${failed(after)} of ${after.length} after them`,
      misses: [
        ...missUnless(after.length > 100, "there were too few calls"),
        ...missUnless(share >= 0.999, `${(share * 100).toFixed(2)} % succeeded from 5 s later on`),
      ],
    };
  },
};
