import { setTimeout as delay } from "node:timers/promises";
import type fc from "fast-check";
import type { Harness } from "../harness/harness.ts";
import { judge, missUnless, outcomeOf } from "../harness/judge.ts";
import type { Service } from "../harness/service.ts";
import { tally } from "../harness/tell.ts";
import type { Row } from "../row.ts";
import { itemPaths } from "../wire/items.ts";
import { wireCaller } from "../wire/wire-calls.ts";
import { fuzz } from "./fuzz.ts";

/** Sends one case and says how it was answered, by a word or two that are counted, and what is wrong with that. */
export type Shot<Case> = (
  given: Case,
) => Promise<{ readonly name: string; readonly fault: string | undefined }>;

export interface FuzzRowOptions<Case> {
  readonly id: string;
  readonly fault: string;
  readonly promise: string;
  readonly isQuick?: boolean;
  readonly quickRuns?: number;
  readonly wholeRuns?: number;
  readonly cases: fc.Arbitrary<Case>;
  /** Is asked once for a run. */
  prepare(service: Service, harness: Harness): Promise<Shot<Case>> | Shot<Case>;
}

// What is meant to be answered is not to be refused because there is so much of it.
const env = {
  GRPC_SERVER_MAX_CONNECTION_RATE_PER_PEER: "100000",
  GRPC_SERVER_RESET_BUDGET_BURST: "10000000",
  GRPC_SERVER_RESET_BUDGET_PER_SECOND: "1000000",
  GRPC_SERVER_MAX_CONNECTIONS: "50000",
  GRPC_SERVER_MAX_CONNECTIONS_PER_PEER: "50000",
  // After some errors of the protocol Node.js does not see that a peer has gone; only this does.
  GRPC_SERVER_KEEPALIVE_TIME_MS: "2000",
  GRPC_SERVER_KEEPALIVE_TIMEOUT_MS: "1000",
  LOG_LEVEL: "error",
};

/** A service that all such rows share: what they leave in its database is in nobody's way. */
export function fuzzService(harness: Harness): Promise<Service> {
  return harness.service({ env });
}

/** A row that sends what fast-check makes up, and whose service must be none the worse for it. */
export function fuzzRow<Case>(options: FuzzRowOptions<Case>): Row {
  const {
    id,
    fault,
    promise,
    isQuick = true,
    quickRuns = 200,
    wholeRuns = 10_000,
    cases,
  } = options;
  return {
    id,
    fault,
    promise,
    isQuick,
    async run(harness) {
      const service = await fuzzService(harness);
      const shoot = await options.prepare(service, harness);
      const names: string[] = [];
      const check = async (given: Case): Promise<string | undefined> => {
        const { name, fault } = await shoot(given);
        names.push(name);
        return fault;
      };
      if (!harness.isQuick) {
        await warmUp(service);
      }
      // Of tens of thousands of calls; the peak is garbage, of which a busy process lets more lie.
      const memory = { peakMiB: harness.isQuick ? 128 : 192, keptMiB: 32 };
      const verdict = await judge(harness, service, { memory }, () =>
        fuzz(harness, { cases, quickRuns, wholeRuns, check }),
      );
      const { runs, seed, misses } = verdict.result;
      return outcomeOf(verdict, {
        measured: [`${runs.toLocaleString("en")} by seed ${seed}: ${tally(names)}`],
        misses: [...misses, ...(await politeFaults(service)), ...(await leftRunning(service))],
      });
    },
  };
}

/** A process that is new grows to its working size, whatever it is sent. */
async function warmUp(service: Service): Promise<void> {
  const caller = wireCaller(service, service.token());
  for (let round = 0; round < 200; round += 1) {
    const calls = Array.from({ length: 16 }, () =>
      caller.call(itemPaths.listItems, Buffer.alloc(5)),
    );
    await Promise.all(calls);
  }
  caller.close();
}

/** What is wrong with the answer to a call that is in order. */
async function politeFaults(service: Service): Promise<readonly string[]> {
  const caller = wireCaller(service, service.token());
  const { name } = await caller.call(itemPaths.listItems, Buffer.alloc(5));
  caller.close();
  return missUnless(name === "OK", `a call that is in order ended ${name} after it`);
}

/** Peers that Node.js has not seen go are found by the keepalive. */
async function leftRunning(service: Service): Promise<readonly string[]> {
  const endMs = performance.now() + 10_000;
  for (;;) {
    const { handlersRunning } = await service.probe();
    if (handlersRunning === 0 || performance.now() > endMs) {
      return missUnless(handlersRunning === 0, `${handlersRunning} handlers were left running`);
    }
    await delay(50);
  }
}
