import { status } from "@grpc/grpc-js";
import { isGrpcCallError } from "@grpc-kit/grpc-status";
import { callWithTimeout, TimeoutError } from "@opentelemetry/core";
import type { CallTotals } from "./verdict.ts";

/** The name of a code: "NOT_FOUND". */
export type Code = keyof typeof status;

export interface TallyRow {
  readonly calls: number;
  /** Undefined: no call has ended. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

export interface CountOptions {
  /** How the call may end. Default: OK. */
  readonly expected?: readonly Code[];
  /** After so much time the call hangs, whatever its deadline is. Default: 60_000. */
  readonly hangsAfterMs?: number;
}

export interface Tally {
  /** Makes a call and counts how it ends. Undefined if it fails or hangs; never rejects. */
  call<Result>(
    name: string,
    make: () => Promise<Result>,
    options?: CountOptions,
  ): Promise<Result | undefined>;
  /** Counts an answer that is not as it should be. */
  check(isRight: boolean | undefined, what: string): void;
  /** Of the calls that have ended since the last time. */
  takeRow(): TallyRow;
  totals(): CallTotals;
  /** What failed as it was to, by code. */
  expectedFailures(): ReadonlyMap<string, number>;
  /** The latest text of each kind of outcome that was not expected. */
  examples(): ReadonlyMap<string, string>;
}

export function createTally(): Tally {
  const [unexpected, failures] = [new Map<string, number>(), new Map<string, number>()];
  const examples = new Map<string, string>();
  let [calls, hung] = [0, 0];
  let durations: number[] = [];
  return {
    async call(name, make, { expected = ["OK"], hangsAfterMs = 60_000 } = {}) {
      const startedAt = performance.now();
      let [code, text]: [string, string] = ["OK", "has not failed"];
      try {
        return await callWithTimeout(make(), hangsAfterMs);
      } catch (error) {
        [code, text] = [codeOf(error), String(error)];
        return undefined;
      } finally {
        durations.push(performance.now() - startedAt);
        calls += 1;
        hung += code === "HANGS" ? 1 : 0;
        if (!expected.some((each) => each === code)) {
          add(unexpected, `${name} ${code}`);
          examples.set(`${name} ${code}`, text);
        } else if (code !== "OK") {
          add(failures, code);
        }
      }
    },
    check(isRight, what) {
      if (isRight !== true) {
        add(unexpected, what);
      }
    },
    takeRow() {
      const sorted = Float64Array.from(durations).sort();
      durations = [];
      const at = (share: number) => sorted[Math.floor(share * sorted.length)];
      return { calls: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) };
    },
    totals: () => ({ calls, unexpected, hung }),
    expectedFailures: () => failures,
    examples: () => examples,
  };
}

function codeOf(error: unknown): string {
  if (error instanceof TimeoutError) {
    return "HANGS";
  }
  return isGrpcCallError(error) ? status[error.code] : "THROWS";
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
