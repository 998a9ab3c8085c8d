import { status } from "@grpc/grpc-js";
import { callFixture, createFixtureClient } from "@grpc-kit/testing";

/** How the calls of one phase went. */
export interface Calls {
  readonly count: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

// 50 calls a second.
const periodMs = 20;
const timeoutMs = 5_000;

const client = createFixtureClient(`127.0.0.1:${process.argv[2]}`);
let latencies: number[] = [];
let failures: Record<string, number> = {};
const underWay = new Set<Promise<void>>();

async function call(): Promise<void> {
  const startMs = performance.now();
  const { outcome } = callFixture(client, "unary", { deadline: Date.now() + timeoutMs });
  const { code, details } = await outcome;
  latencies.push(performance.now() - startMs);
  if (code !== status.OK) {
    const failure = `${status[code]}: ${details}`;
    failures[failure] = (failures[failure] ?? 0) + 1;
  }
}

async function summary(): Promise<Calls> {
  await Promise.all(underWay);
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const calls = { count: sorted.length, failures, p50Ms: at(0.5), p99Ms: at(0.99) };
  latencies = [];
  failures = {};
  return calls;
}

await call();
latencies = [];
setInterval(() => {
  const running = call().finally(() => underWay.delete(running));
  underWay.add(running);
}, periodMs);
process.on("message", () => void summary().then((calls) => process.send?.(calls)));
process.on("disconnect", () => process.exit());
process.send?.("ready");
