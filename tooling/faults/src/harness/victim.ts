import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sourceCondition } from "./child-options.ts";
import type { Service } from "./service.ts";
import type { Calls, VictimCommand } from "./victim-process.ts";

const processFile = fileURLToPath(new URL("./victim-process.ts", import.meta.url));
const baselineMs = 1_000;
const warmUpMs = 100;

/** How the calls of a polite client have gone while others attacked. */
export interface VictimFigures {
  readonly calls: number;
  readonly failures: number;
  /** How many calls have ended with each status, and what was said: "OK", "UNAVAILABLE: no connection". */
  readonly statuses: Readonly<Record<string, number>>;
  readonly baselineP50Ms: number;
  readonly baselineP99Ms: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A polite client: 50 calls of GetItem a second, each with a deadline of 5 s, in a process of its own. */
export interface Victim {
  /** Ends it, once all its calls have ended. */
  stop(): Promise<VictimFigures>;
}

/** The process of a victim, which can be woken for each row that wants one of the same service. */
export interface VictimProcess {
  /** Measures how its calls go in peace; after the first time only if `isFresh`. */
  wake(isFresh: boolean): Promise<Victim>;
  close(): Promise<void>;
}

export async function startVictim({ address, tls, token }: Service): Promise<VictimProcess> {
  const child = fork(processFile, [JSON.stringify({ address, tls, token: token() })], {
    execArgv: [...sourceCondition, "--no-warnings"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ask = asker(child);
  await ask();
  let baseline: Calls | undefined;

  async function measure(): Promise<Calls> {
    await delay(baselineMs);
    return ask("read");
  }

  return {
    async wake(isFresh) {
      await ask("start");
      await delay(warmUpMs);
      await ask("read");
      if (baseline === undefined || isFresh) {
        baseline = await measure();
      }
      const { p50Ms: baselineP50Ms, p99Ms: baselineP99Ms, statuses } = baseline;
      if (Object.keys(statuses).some((status) => status !== "OK")) {
        throw new Error(`the victim's calls fail without any attack: ${JSON.stringify(statuses)}`);
      }
      let figures: Promise<VictimFigures> | undefined;
      return {
        stop() {
          figures ??= ask("pause").then((calls) => ({
            ...calls,
            baselineP50Ms,
            baselineP99Ms,
          }));
          return figures;
        },
      };
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    },
  };
}

/** Sends a command, one at a time, and settles with the answer. Rejects if the process ends instead. */
function asker(child: ChildProcess): (command?: VictimCommand) => Promise<Calls> {
  const ended = new Promise<never>((_, reject) => {
    child.once("exit", (code, signal) =>
      reject(new Error(`the victim has ended with ${code ?? signal}`)),
    );
  });
  ended.catch(() => {});
  return async (command) => {
    const answer = once(child, "message");
    if (command !== undefined) {
      child.send(command, () => {});
    }
    const [calls] = await Promise.race([answer, ended]);
    return calls;
  };
}
