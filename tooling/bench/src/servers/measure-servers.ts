import { type Costs, type Engine, figuresOf, measure } from "@grpc-kit/testing/bench";
import type { MeasureGroup } from "../result.ts";
import { baseline, serverEngines, withServers } from "./engines.ts";
import { unaryDriver } from "./unary-drivers.ts";
import { type Workload, workloads } from "./workloads.ts";

// Of two processes of the same program, one may be the slower for all its life.
const roundsOfProcess = 3;

/** The servers of this repository beside others: what a call and a message cost them. */
export const measureServers: MeasureGroup = async ({ rounds, isQuick, progress }) => {
  progress(`servers: unary calls by ${unaryDriver().name}`);
  const all = workloads(isQuick);
  const costs = new Map(all.map(({ title }) => [title, [] as Costs[]]));
  for (let done = 0; done < rounds; done += roundsOfProcess) {
    progress("servers: starting and warming up");
    await withServers(serverEngines, async (engines) => {
      if (!isQuick) {
        await warmUp(engines, all);
      }
      for (const workload of all) {
        progress(`servers: ${workload.title}, from round ${done + 1}`);
        const share = Math.min(roundsOfProcess, rounds - done);
        costs.get(workload.title)?.push(await measure(engines, share, workload));
      }
    });
  }
  return all.map(({ title, per }) => ({
    group: "servers",
    title,
    per,
    unit: "µs",
    baseline,
    figures: figuresOf(joined(costs.get(title) ?? []), baseline),
  }));
};

// A server runs for weeks, and a compiler's time is not that of a call: it takes some 40,000 of them until
// nothing is compiled any more. Streams warm up in their turn.
async function warmUp(engines: readonly Engine[], [, unary]: readonly Workload[]): Promise<void> {
  if (unary !== undefined) {
    await measure(engines, 8, unary);
  }
}

function joined(parts: readonly Costs[]): Costs {
  return new Map(
    serverEngines.map((name) => [name, parts.flatMap((part) => part.get(name) ?? [])]),
  );
}
