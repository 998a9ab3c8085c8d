import { fork } from "node:child_process";
import { once as onceEmitted } from "node:events";
import { fileURLToPath } from "node:url";
import type { CreateItemRequest } from "@grpc-kit/generated-protos/examples/items";
import { sourceCondition } from "../../harness/child-options.ts";
import type { Harness } from "../../harness/harness.ts";
import { once, openItems } from "../../harness/item-stub.ts";
import { lateUnless } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import { ms } from "../../harness/tell.ts";
import type { Miss, Row } from "../../row.ts";
import { newItem } from "../../wire/items.ts";
import type { ScanCommand, ScanReport } from "./scan-load-process.ts";

const processFile = fileURLToPath(new URL("./scan-load-process.ts", import.meta.url));
const itemCount = 30_000;
const timeoutMs = 500;
// Few enough that all end within 500 ms, when a call takes ten or more of one thread.
const env = { GRPC_SERVER_MAX_CONCURRENT_RPCS: "4", LOG_LEVEL: "error" };

type Scan = (
  rate: ScanCommand["rate"],
  seconds: number,
  isRetrying?: boolean,
) => Promise<ScanReport>;

/** A service whose calls are hard work, and who calls it from another process. */
async function serveScans(harness: Harness): Promise<{ service: Service; scan: Scan }> {
  const service = await harness.service({ env, own: true });
  const token = service.token();
  const items = openItems(harness, service.address, { token, ...once });
  function* many(): Generator<CreateItemRequest> {
    for (let made = 0; made < itemCount; made += 1) {
      yield newItem();
    }
  }
  await items.batchCreateItems(many());
  const child = fork(processFile, [JSON.stringify({ address: service.address, token })], {
    execArgv: [...sourceCondition, "--no-warnings"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  harness.onEnd(() => void child.kill("SIGKILL"));
  const scan: Scan = async (rate, seconds, isRetrying = false) => {
    const report = onceEmitted(child, "message");
    const command: ScanCommand = { rate, durationMs: seconds * 1_000, timeoutMs, isRetrying };
    child.send(command);
    const [answer] = await report;
    return answer as ScanReport;
  };
  await scan("closed", 1);
  return { service, scan };
}

/** How many calls have been run to their end, and how many of these for nobody. */
async function executed(service: Service): Promise<{ done: number; dead: number }> {
  const metrics = await service.metrics();
  const method = { grpc_method: "ListItems" };
  const done = metrics.sum("grpc_server_handled_total", { ...method, grpc_code: "OK" });
  // Of a call that is refused no message is read.
  return { done, dead: metrics.sum("grpc_server_msg_received_total", method) - done };
}

/** A load, and what the service has made of its processor time: successes for each second of it. */
async function measured(service: Service, load: () => Promise<ScanReport>) {
  const before = await service.probe();
  const report = await load();
  const { cpuMicroseconds } = await service.probe();
  const cpuSeconds = (cpuMicroseconds - before.cpuMicroseconds) / 1e6;
  return { ...report, perCpuSecond: report.succeeded / cpuSeconds };
}

export const overload: Row = {
  id: "F2",
  fault: "2, 5 and 10 times the calls that the service can do, each with a deadline of 500 ms",
  promise:
    "Goodput, for each second of processor time, is 80 % of the peak at 2 times, 50 % at 5 times, above 0 at 10 times; 5 % of what is run is for callers who have gone",
  isQuick: false,
  async run(harness) {
    const { service, scan } = await serveScans(harness);
    const peak = await measured(service, () => scan("closed", 4));
    const misses: Miss[] = [];
    const figures: string[] = [
      `peak ${Math.round(peak.perSecond)}/s, ${Math.round(peak.perCpuSecond)} for a second of processor time`,
    ];
    const before = await executed(service);
    for (const [times, least] of [
      [2, 0.8],
      [5, 0.5],
      [10, 0],
    ] as const) {
      const load = await measured(service, () => scan(times * peak.perSecond, 5));
      const goodput = load.perCpuSecond / peak.perCpuSecond;
      figures.push(
        `at ${times} times ${Math.round(goodput * 100)} % (${Math.round(load.perSecond)}/s, p99 ${ms(load.p99Ms)})`,
      );
      misses.push(
        ...lateUnless(
          goodput > least,
          `goodput at ${times} times was ${Math.round(goodput * 100)} %, not above ${least * 100} %`,
        ),
      );
    }
    const after = await executed(service);
    const dead = after.dead - before.dead;
    const share = dead / Math.max(1, after.done - before.done + dead);
    figures.push(`${(share * 100).toFixed(1)} % run for nobody`);
    misses.push(...lateUnless(share <= 0.05, `${(share * 100).toFixed(1)} % were run for nobody`));
    return { measured: figures.join(", "), misses };
  },
};

export const afterThePulse: Row = {
  id: "F3",
  fault: "A pulse of 5 times the load from clients that retry",
  promise:
    "10 s after it, at 0.6 times the peak, 99.9 % succeed, with a p99 of at most twice what it was before (or 100 ms)",
  isQuick: false,
  async run(harness) {
    const { service, scan } = await serveScans(harness);
    const peak = (await scan("closed", 3)).perSecond;
    const before = await scan(0.6 * peak, 5, true);
    const pulse = await scan(5 * peak, 15, true);
    await scan(0.6 * peak, 10, true);
    await service.resetPeaks();
    const after = await scan(0.6 * peak, 5, true);
    const { maxEventLoopDelayMs } = await service.probe();
    const success = after.succeeded / after.calls;
    const limitMs = Math.max(100, 2 * before.p99Ms);
    return {
      measured: `peak ${Math.round(peak)}/s; in the pulse ${pulse.succeeded} of ${pulse.calls} succeeded; after it ${after.succeeded} of ${after.calls}, p99 ${ms(after.p99Ms)} (${ms(before.p99Ms)} before); event loops held up by ${ms(maxEventLoopDelayMs)} at the most, its callers' by ${ms(after.heldMs)}`,
      misses: [
        ...lateUnless(
          success >= 0.999,
          `${(success * 100).toFixed(2)} % succeed after the pulse: ${JSON.stringify(after.codes)}`,
        ),
        ...lateUnless(
          after.p99Ms <= limitMs,
          `p99 is ${ms(after.p99Ms)} after the pulse, more than ${ms(limitMs)}`,
        ),
      ],
    };
  },
};
