/**
 * `pnpm bench`: what the interceptors cost, as CPU time of the server process, beside the same server
 * of grpc-js without any. All run side by side and take turns; figures are medians of the rounds.
 * `pnpm bench <name>…` measures only these.
 */
import {
  type Costs,
  callEngine,
  type Engine,
  frame,
  inFlight,
  measure,
  median,
  medianRatio,
  signToken,
  startEngine,
  stopEngine,
  type Work,
} from "@grpc-kit/testing/bench";

const rounds = 9;
const calls = 4_000;
const all = [
  "standard",
  "requestContext",
  "tracing",
  "metrics",
  "logging",
  "errors",
  "deadline",
  "concurrencyLimit",
  "auth",
  "authorize",
  "rateLimit",
  "validation",
];
const names = process.argv.length > 2 ? process.argv.slice(2) : all;

const request = [frame({ payload: Buffer.alloc(64) })];
const headers = { authorization: `Bearer ${signToken()}`, "x-request-id": "0f3c9a" };

function unary(lanes: number): Work {
  return {
    count: calls,
    run: (engine: Engine) =>
      inFlight(lanes, calls, () => callEngine(engine, "Unary", request, headers)),
  };
}

function cpuOf(costs: Costs, name: string): readonly number[] {
  return costs.get(name)?.map(({ cpuMicroseconds }) => cpuMicroseconds) ?? [];
}

const engines: Engine[] = [];
for (const name of ["bare", ...names]) {
  engines.push(await startEngine(new URL("server.ts", import.meta.url), name));
}
// A server runs for weeks, and a compiler's time is not that of a call.
await measure(engines, 5, unary(32));
for (const lanes of [1, 32]) {
  const costs = await measure(engines, rounds, unary(lanes));
  const bare = cpuOf(costs, "bare");
  process.stdout.write(`unary, ${lanes} in flight, CPU of the server\n`);
  process.stdout.write(`  ${"bare".padEnd(18)}${median(bare).toFixed(1).padStart(7)} µs\n`);
  for (const name of names) {
    const own = cpuOf(costs, name);
    const more = median(own.map((cost, round) => cost - (bare[round] ?? Number.NaN)));
    const ratio = medianRatio(own, bare);
    const figures = `${`+${more.toFixed(1)}`.padStart(7)} µs   ratio ${ratio.toFixed(2)}`;
    process.stdout.write(`  ${name.padEnd(18)}${figures}\n`);
  }
}
engines.forEach(stopEngine);
