// The process of a polite client. Its argument is JSON: { address, tls, token }.
import { status } from "@grpc/grpc-js";
import { authorized, createItem, createItemClient } from "./calls.ts";
import { percentile } from "./percentile.ts";

export type VictimCommand = "start" | "read" | "pause";

/** How the calls since the last answer have gone. */
export interface Calls {
  readonly calls: number;
  readonly failures: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

// 50 calls a second.
const periodMs = 20;
const timeoutMs = 5_000;

const { address, tls, token } = JSON.parse(process.argv[2] ?? "{}");
const client = createItemClient({ address, tls });
const id = await createItem(client, token);
const underWay = new Set<Promise<void>>();
let timer: NodeJS.Timeout | undefined;
let latencies: number[] = [];
let statuses: Record<string, number> = {};

function call(): Promise<void> {
  const startMs = performance.now();
  const deadline = Date.now() + timeoutMs;
  return new Promise((resolve) => {
    client.getItem({ id }, authorized(token), { deadline }, (error) => {
      latencies.push(performance.now() - startMs);
      const name =
        error === null ? "OK" : `${status[error.code]}: ${withoutFigures(error.details)}`;
      statuses[name] = (statuses[name] ?? 0) + 1;
      resolve();
    });
  });
}

/** "Deadline exceeded after 5.010s,…" is the same of all calls then. */
function withoutFigures(details: string): string {
  return details.replace(/ after [\d.]+s.*/s, "");
}

function start(): void {
  timer ??= setInterval(() => {
    const running = call().finally(() => underWay.delete(running));
    underWay.add(running);
  }, periodMs);
}

async function obey(command: VictimCommand): Promise<void> {
  if (command === "start") {
    start();
  } else if (command === "pause") {
    clearInterval(timer);
    timer = undefined;
  }
  if (command !== "start") {
    await Promise.all(underWay);
  }
  process.send?.(summary());
}

function summary(): Calls {
  const calls = latencies.length;
  const summed: Calls = {
    calls,
    failures: calls - (statuses.OK ?? 0),
    statuses,
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
  };
  latencies = [];
  statuses = {};
  return summed;
}

process.on("message", (command: VictimCommand) => void obey(command));
process.on("disconnect", () => process.exit());
process.send?.(summary());
