import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Miss, Outcome } from "../row.ts";
import type { Harness } from "./harness.ts";
import type { Metrics } from "./metrics.ts";
import type { ProcessState } from "./process-state.ts";
import type { Service } from "./service.ts";
import { ms } from "./tell.ts";
import type { VictimFigures } from "./victim.ts";

/** A counter that must move. */
export interface CounterPromise {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** By how much at least, and at most. Default: 1, and no limit. */
  readonly min?: number;
  readonly max?: number;
}

export interface JudgeOptions {
  /**
   * VICTIM-OK: that none of its calls fails, and that their 99th percentile stays below the larger of 100 ms (200 where
   * attackers, service and victim have less than four processors between them; 2 s in the quick set, where machines are
   * shared) and 5 times what it is in peace; both longer by as much as others have kept the service from the processors.
   * "no failures": the first of the two. Default: false.
   */
  readonly victim?: boolean | "no failures";
  /** MEM-OK: what the process may grow by at its peak, and have kept 10 s later. Default: none; `true`: 128 and 16. */
  readonly memory?: boolean | { readonly peakMiB?: number; readonly keptMiB?: number };
  /** LIMIT-OK: how many handlers may run at once. Default: any number. */
  readonly limit?: number;
  /** COUNTED: the counters that must move. */
  readonly counters?: readonly CounterPromise[];
}

export interface Verdict<Result> {
  /** What the attack has returned. */
  readonly result: Result;
  /** The figures, to be joined by commas. */
  readonly measured: readonly string[];
  readonly misses: readonly Miss[];
  readonly victim: VictimFigures | undefined;
  /** How many times longer the service took than it would have with a processor of its own. */
  readonly stretch: number;
  readonly before: ProcessState;
  /** Right after the attack, before any garbage is collected. */
  readonly after: ProcessState;
}

const mebibyte = 1024 * 1024;
const keptWithinMs = 10_000;

/**
 * Runs an attack, and says what it has done to the process and to a polite client beside it. That the service lives is
 * looked at after each row, whatever it does.
 */
export async function judge<Result>(
  harness: Harness,
  service: Service,
  options: JudgeOptions,
  attack: () => Promise<Result>,
): Promise<Verdict<Result>> {
  const victim = options.victim ? await harness.victim(service) : undefined;
  const start = await service.collectGarbage();
  const before = await service.resetPeaks();
  const metricsBefore = await service.metrics();
  const result = await attack();
  const figures = await victim?.stop();
  const after = await service.probe();
  const metricsAfter = await service.metrics();
  const stretch = stretchOf(before, after);
  const measured: string[] = [];
  const misses: Miss[] = [];
  const add = (found: Pick<Outcome, "misses"> & { readonly measured: string }): void => {
    measured.push(found.measured);
    misses.push(...found.misses);
  };
  if (figures !== undefined) {
    const countsTime = options.victim === true;
    add(
      judgeVictim(figures, {
        isQuick: harness.isQuick,
        countsTime,
        stretch,
      }),
    );
  }
  if (options.limit !== undefined) {
    add(judgeLimit(after, options.limit));
  }
  if (options.memory) {
    const limits = options.memory === true ? {} : options.memory;
    add(judgePeak(before, after, limits.peakMiB ?? 128));
    add(await judgeKept(service, start, limits.keptMiB ?? 16));
  }
  for (const counter of options.counters ?? []) {
    add(judgeCounter(counter, metricsBefore, metricsAfter));
  }
  return { result, measured, misses, victim: figures, stretch, before, after };
}

/** An outcome of a verdict, and of what the row has found besides. */
export function outcomeOf(
  { measured, misses }: Pick<Verdict<unknown>, "measured" | "misses">,
  more: { readonly measured?: readonly string[]; readonly misses?: readonly Miss[] } = {},
): Outcome {
  return {
    measured: [...(more.measured ?? []), ...measured].join(", "),
    misses: [...(more.misses ?? []), ...misses],
  };
}

/** An outcome of several, each with its name. */
export function together(outcomes: Readonly<Record<string, Outcome>>): Outcome {
  const named = Object.entries(outcomes);
  return {
    measured: named.map(([name, { measured }]) => `${name}: ${measured}`).join("; "),
    misses: named.flatMap(([name, { misses }]) => misses.map((miss) => prefixed(name, miss))),
  };
}

function prefixed(name: string, miss: Miss): Miss {
  return typeof miss === "string" ? `${name}: ${miss}` : { late: `${name}: ${miss.late}` };
}

/** One sentence if it does not hold, for `misses`. */
export function missUnless(holds: boolean, sentence: string): readonly string[] {
  return holds ? [] : [sentence];
}

/** The same of a time, or of what something costs. */
export function lateUnless(holds: boolean, sentence: string): readonly Miss[] {
  return holds ? [] : [{ late: sentence }];
}

interface VictimLimits {
  readonly isQuick: boolean;
  readonly countsTime: boolean;
  /** How many times longer things take, as others use the processors as well. Default: 1. */
  readonly stretch?: number;
  /** How many attackers, service and victim share. Default: those of the machine. */
  readonly processors?: number;
}

export function judgeVictim(
  { calls, failures, statuses, p99Ms, baselineP99Ms }: VictimFigures,
  { isQuick, countsTime, stretch = 1, processors = availableParallelism() }: VictimLimits,
): Outcome {
  const wholeMs = processors < 4 ? 200 : 100;
  const limitMs = Math.max(isQuick ? 2_000 : wholeMs, 5 * baselineP99Ms) * stretch;
  const busy =
    stretch < 1.5 ? "" : `, of a service that others slowed down ${stretch.toFixed(1)} times`;
  const bad = Object.entries(statuses).filter(([status]) => status !== "OK");
  return {
    measured: `${calls} calls beside it, ${failures || "none"} failed, p99 ${ms(p99Ms)} (${ms(baselineP99Ms)} in peace)${busy}`,
    misses: [
      ...missUnless(calls > 0, "the victim made no call"),
      ...bad.map(([status, count]) => `${count} of the victim's calls ended with ${status}`),
      ...lateUnless(
        !countsTime || p99Ms <= limitMs,
        `the victim's p99 was ${ms(p99Ms)}, more than ${ms(limitMs)}`,
      ),
    ],
  };
}

function stretchOf(before: ProcessState, after: ProcessState): number {
  const ranMs = after.ranMs - before.ranMs;
  return ranMs <= 0 ? 1 : 1 + (after.waitedMs - before.waitedMs) / ranMs;
}

function judgeLimit({ peakHandlersRunning: peak }: ProcessState, limit: number): Outcome {
  return {
    measured: `at most ${peak} handlers`,
    misses: missUnless(peak <= limit, `${peak} handlers ran at once, more than ${limit}`),
  };
}

function judgePeak(before: ProcessState, after: ProcessState, limitMiB: number): Outcome {
  const grown = (after.peakRss - before.rss) / mebibyte;
  return {
    measured: `+${mib(grown)} at the peak`,
    misses: missUnless(
      grown <= limitMiB,
      `the process grew by ${mib(grown)}, more than ${limitMiB} MiB`,
    ),
  };
}

async function judgeKept(
  service: Service,
  start: ProcessState,
  limitMiB: number,
): Promise<Outcome> {
  const endMs = performance.now() + keptWithinMs;
  let kept = await keptMiB(service, start);
  while (kept > limitMiB && performance.now() < endMs) {
    await delay(200);
    kept = await keptMiB(service, start);
  }
  return {
    measured: `${mib(kept)} kept`,
    misses: missUnless(kept <= limitMiB, `${mib(kept)} were kept, more than ${limitMiB} MiB`),
  };
}

async function keptMiB(service: Service, start: ProcessState): Promise<number> {
  const now = await service.collectGarbage();
  return (now.heapUsed + now.external - start.heapUsed - start.external) / mebibyte;
}

function judgeCounter(
  { name, labels = {}, min = 1, max = Number.POSITIVE_INFINITY }: CounterPromise,
  before: Metrics,
  after: Metrics,
): Outcome {
  const moved = after.sum(name, labels) - before.sum(name, labels);
  const shown = [name, ...Object.values(labels)].join(" ");
  const range = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
  return {
    measured: `${shown} +${moved}`,
    misses: missUnless(
      moved >= min && moved <= max,
      `${shown} moved by ${moved}, and not by ${min === max ? min : range}`,
    ),
  };
}

function mib(value: number): string {
  return `${Math.round(value)} MiB`;
}
