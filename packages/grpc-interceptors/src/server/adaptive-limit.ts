export interface AdaptiveLimitOptions {
  /** The limit at first. Default: 20. */
  readonly initialLimit?: number;
  /** What the limit never falls below. Default: 20. */
  readonly minLimit?: number;
  /** What the limit never rises above. Default: 200. */
  readonly maxLimit?: number;
  /** How much of a change is made at once: above 0, up to 1. Default: 0.2. */
  readonly smoothing?: number;
  /** Over how many windows it is learnt what latency is usual. Default: 600. */
  readonly longWindow?: number;
  /** How many times the usual latency is still no sign of a queue. Default: 1.5. */
  readonly rttTolerance?: number;
  /** By how many calls the limit tends to grow in a window without a queue. Default: 4. */
  readonly queueSize?: number;
  /** Milliseconds after which the limit is set anew, if 10 calls have ended. Default: 1_000. */
  readonly windowMs?: number;
}

export interface LatencySample {
  readonly durationMs: number;
  /** How many calls there were when this one began, itself among them. */
  readonly inFlight: number;
  /** Whether it succeeded, so that its latency is that of a whole call. */
  readonly isComplete: boolean;
  /** When it ended, as `performance.now()` has it. */
  readonly endedAt: number;
}

// So few say nothing of a window, and so many windows make the first average.
const minSamples = 10;
const warmupWindows = 10;

/**
 * A limit for concurrent calls that follows their latency: while a window's average is near the long-term
 * one it grows, and while it is above it shrinks, since calls then wait for each other. The algorithm is
 * Gradient2 of https://github.com/Netflix/concurrency-limits, with windows.
 *
 * A call that failed or was cut off has taken at least as long as it has: it counts only if that is
 * longer than usual. Otherwise a fast failure would look like a fast server, and a caller could lower the
 * limit for all by cancelling.
 *
 * What is usual is learnt under overload as well, if slowly: one of many minutes lets the limit rise by
 * and by, up to `maxLimit`.
 */
export class AdaptiveLimit {
  readonly #options: Required<AdaptiveLimitOptions>;
  #estimate: number;
  #usualMs = 0;
  #windows = 0;
  #windowEndsAt = 0;
  #samples = 0;
  #sumMs = 0;
  #maxInFlight = 0;

  constructor(options: AdaptiveLimitOptions = {}) {
    this.#options = resolveOptions(options);
    this.#estimate = this.#options.initialLimit;
  }

  get limit(): number {
    return Math.floor(this.#estimate);
  }

  /** What the limit never rises above. */
  get maxLimit(): number {
    return this.#options.maxLimit;
  }

  add({ durationMs, inFlight, isComplete, endedAt }: LatencySample): void {
    if (!isComplete && (this.#windows === 0 || durationMs <= this.#usualMs)) {
      return;
    }
    this.#samples += 1;
    this.#sumMs += durationMs;
    this.#maxInFlight = Math.max(this.#maxInFlight, inFlight);
    if (this.#windowEndsAt === 0) {
      this.#windowEndsAt = endedAt + this.#options.windowMs;
    }
    if (endedAt >= this.#windowEndsAt && this.#samples >= minSamples) {
      this.#update(this.#sumMs / this.#samples);
      this.#samples = 0;
      this.#sumMs = 0;
      this.#maxInFlight = 0;
      this.#windowEndsAt = endedAt + this.#options.windowMs;
    }
  }

  #update(averageMs: number): void {
    const { minLimit, maxLimit, smoothing, rttTolerance, queueSize } = this.#options;
    this.#learn(averageMs);
    // What is not asked for says nothing about how much there could be.
    if (this.#maxInFlight * 2 < this.#estimate) {
      return;
    }
    const ratio = averageMs === 0 ? 1 : (rttTolerance * this.#usualMs) / averageMs;
    // One bad window must not take more than half.
    const gradient = Math.max(0.5, Math.min(1, ratio));
    const wanted = this.#estimate * gradient + queueSize;
    const smoothed = this.#estimate * (1 - smoothing) + wanted * smoothing;
    this.#estimate = Math.max(minLimit, Math.min(maxLimit, smoothed));
  }

  #learn(averageMs: number): void {
    this.#windows += 1;
    const weight =
      this.#windows <= warmupWindows ? 1 / this.#windows : 2 / (this.#options.longWindow + 1);
    this.#usualMs += (averageMs - this.#usualMs) * weight;
    // After a long overload, what was usual then must not be so for as long again.
    if (this.#usualMs > averageMs * 2) {
      this.#usualMs *= 0.9;
    }
  }
}

function resolveOptions({
  minLimit = 20,
  maxLimit = 200,
  initialLimit = 20,
  smoothing = 0.2,
  longWindow = 600,
  rttTolerance = 1.5,
  queueSize = 4,
  windowMs = 1_000,
}: AdaptiveLimitOptions): Required<AdaptiveLimitOptions> {
  check("minLimit", minLimit, Number.isInteger(minLimit) && minLimit >= 1, "an integer from 1");
  check(
    "maxLimit",
    maxLimit,
    Number.isInteger(maxLimit) && maxLimit >= minLimit,
    `an integer from minLimit, ${minLimit}`,
  );
  check(
    "initialLimit",
    initialLimit,
    Number.isInteger(initialLimit) && initialLimit >= minLimit && initialLimit <= maxLimit,
    `an integer from ${minLimit} to ${maxLimit}`,
  );
  check("smoothing", smoothing, smoothing > 0 && smoothing <= 1, "above 0 and up to 1");
  check(
    "longWindow",
    longWindow,
    Number.isInteger(longWindow) && longWindow >= 1,
    "an integer from 1",
  );
  check(
    "rttTolerance",
    rttTolerance,
    rttTolerance >= 1 && rttTolerance < Infinity,
    "a number from 1",
  );
  check("queueSize", queueSize, queueSize > 0 && queueSize < Infinity, "a number above 0");
  check("windowMs", windowMs, windowMs > 0 && windowMs < Infinity, "a number above 0");
  return {
    minLimit,
    maxLimit,
    initialLimit,
    smoothing,
    longWindow,
    rttTolerance,
    queueSize,
    windowMs,
  };
}

function check(name: string, value: number, isRight: boolean, wanted: string): void {
  if (!isRight) {
    throw new RangeError(`adaptive.${name} must be ${wanted}, got ${value}`);
  }
}
