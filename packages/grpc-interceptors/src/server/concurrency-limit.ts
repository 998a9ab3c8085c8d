import { type ServerInterceptor, status } from "@grpc/grpc-js";
import { StatusError } from "@grpc-kit/grpc-status";
import { AdaptiveLimit, type AdaptiveLimitOptions } from "./adaptive-limit.ts";
import type { CallHook, InterceptedCall } from "./call-hook.ts";
import { AdmittedStream, AdmittedUnary, type Running } from "./concurrency-limit-calls.ts";
import { TypicalLatency } from "./concurrency-limit-latency.ts";
import { LoopPressure } from "./concurrency-limit-loop.ts";
import { serverInterceptor } from "./server-interceptor.ts";

/**
 * Why a call was refused: there were as many as there may be; there were more than the event loop can
 * take; or its deadline was nearer than its method usually takes.
 */
export type ConcurrencyRefusal = "limit" | "event_loop" | "deadline";

export interface ConcurrencyLimitOptions {
  /** How many unary calls run at once. Either this or `adaptive` must be given. */
  readonly max?: number;
  /** Finds out how many unary calls should run at once. */
  readonly adaptive?: AdaptiveLimitOptions;
  /** How many streams run at once. Default: `max`, or `adaptive.maxLimit`. */
  readonly maxStreams?: number;
  /** What calls are refused with: UNAVAILABLE or RESOURCE_EXHAUSTED. Default: UNAVAILABLE. */
  readonly code?: status;
  /**
   * How late the event loop may be, at worst in a second, before the limits are halved, and halved again;
   * Infinity: it is not looked at. Default: 200.
   */
  readonly maxEventLoopDelayMs?: number;
  /** Told of each call that is refused. Default: nobody is. */
  readonly onRefused?: (call: InterceptedCall, reason: ConcurrencyRefusal) => void;
}

export interface ConcurrencyStats {
  /** How many unary calls may run at once, as things are. */
  readonly limit: number;
  readonly inFlight: number;
  readonly maxStreams: number;
  readonly streamsInFlight: number;
  /** How late the event loop was, at worst in a second; 0 if it is not looked at. */
  readonly eventLoopDelayMs: number;
  readonly refused: Readonly<Record<ConcurrencyRefusal, number>>;
}

export type ConcurrencyLimit = ServerInterceptor & {
  stats(): ConcurrencyStats;
  /** Looks at the event loop no longer. Only for who wants to be rid of its timer. */
  close(): void;
};

/**
 * Refuses calls while as many run as can be served well: at once, before anything is done for them, and
 * with the time after which to try again.
 *
 * Unary calls and streams are counted apart, each call from its headers until its stream has closed. Only
 * unary calls tell an adaptive limit how fast the server is, by the time from the request to the status.
 * While half of the limit is in use, a unary call that has less time left than its method usually takes is
 * refused with DEADLINE_EXCEEDED, but for one in ten.
 */
export function concurrencyLimit(options: ConcurrencyLimitOptions): ConcurrencyLimit {
  const limiter = new Limiter(options);
  return Object.assign(
    serverInterceptor((call) => limiter.enter(call)),
    { stats: () => limiter.stats(), close: () => limiter.close() },
  );
}

// Callers that were refused at once must not all come back at once.
const retryAfterMs = [200, 300, 400, 500, 600, 700, 800, 900];
// One in so many doomed calls is let in, or a method that has become faster would never be known to.
const probeEvery = 10;

class Limiter {
  readonly #unary: Running = { count: 0 };
  readonly #streams: Running = { count: 0 };
  readonly #max: number;
  readonly #adaptive: AdaptiveLimit | undefined;
  readonly #maxStreams: number;
  #maxDelayMs: number;
  readonly #onRefused: ConcurrencyLimitOptions["onRefused"];
  readonly #busy: readonly StatusError[];
  readonly #tooLate = tooLateError();
  readonly #latencies = new Map<string, TypicalLatency>();
  readonly #refused = { limit: 0, event_loop: 0, deadline: 0 };
  #pressure: LoopPressure | undefined;
  #nextBusy = 0;
  #doomed = 0;

  constructor(options: ConcurrencyLimitOptions) {
    checkOptions(options);
    const { max, adaptive, code = status.UNAVAILABLE, maxEventLoopDelayMs = 200 } = options;
    this.#adaptive = adaptive === undefined ? undefined : new AdaptiveLimit(adaptive);
    this.#max = max ?? 0;
    this.#maxStreams = options.maxStreams ?? max ?? this.#adaptive?.maxLimit ?? 0;
    this.#maxDelayMs = maxEventLoopDelayMs;
    this.#onRefused = options.onRefused;
    // Made once: refusing must cost less than serving.
    this.#busy = retryAfterMs.map((delayMs) => busyError(code, delayMs));
  }

  enter(call: InterceptedCall): CallHook {
    const isUnary = call.method.kind === "unary";
    const running = isUnary ? this.#unary : this.#streams;
    const limit = isUnary ? this.#limit : this.#maxStreams;
    if (running.count >= limit) {
      throw this.#refuse(call, "limit");
    }
    if (running.count >= Math.max(1, limit * this.#share())) {
      throw this.#refuse(call, "event_loop");
    }
    if (!isUnary) {
      return new AdmittedStream(running);
    }
    const latency = this.#latencyOf(call.method.path);
    if (this.#isDoomed(call.deadline - Date.now(), latency.ms, limit)) {
      throw this.#refuse(call, "deadline");
    }
    return new AdmittedUnary(running, latency, this.#adaptive);
  }

  stats(): ConcurrencyStats {
    return {
      limit: this.#limit,
      inFlight: this.#unary.count,
      maxStreams: this.#maxStreams,
      streamsInFlight: this.#streams.count,
      eventLoopDelayMs: this.#pressure?.delayMs ?? 0,
      refused: { ...this.#refused },
    };
  }

  close(): void {
    this.#pressure?.close();
    this.#pressure = undefined;
    this.#maxDelayMs = Number.POSITIVE_INFINITY;
  }

  get #limit(): number {
    return this.#adaptive?.limit ?? this.#max;
  }

  // Begun with the first call: an interceptor that serves none looks at nothing.
  #share(): number {
    if (this.#maxDelayMs === Number.POSITIVE_INFINITY) {
      return 1;
    }
    this.#pressure ??= new LoopPressure(this.#maxDelayMs);
    return this.#pressure.share;
  }

  #latencyOf(path: string): TypicalLatency {
    let latency = this.#latencies.get(path);
    if (latency === undefined) {
      latency = new TypicalLatency();
      this.#latencies.set(path, latency);
    }
    return latency;
  }

  // Only if it is busy: where there is room, a try costs nothing that others would need.
  #isDoomed(leftMs: number, typicalMs: number, limit: number): boolean {
    if (leftMs <= 0) {
      return true;
    }
    if (this.#unary.count * 2 < limit || leftMs >= typicalMs) {
      return false;
    }
    this.#doomed += 1;
    return this.#doomed % probeEvery !== 0;
  }

  #refuse(call: InterceptedCall, reason: ConcurrencyRefusal): StatusError {
    this.#refused[reason] += 1;
    this.#onRefused?.(call, reason);
    if (reason === "deadline") {
      return this.#tooLate;
    }
    this.#nextBusy = (this.#nextBusy + 1) % this.#busy.length;
    return this.#busy[this.#nextBusy] as StatusError;
  }
}

function busyError(code: status, delayMs: number): StatusError {
  return new StatusError(code, "the server has as many calls as it can run; try again later", {
    errorDetails: {
      errorInfo: { reason: "TOO_MANY_CALLS" },
      retryInfo: { retryDelay: { seconds: 0n, nanos: delayMs * 1_000_000 } },
    },
  });
}

function tooLateError(): StatusError {
  return new StatusError(status.DEADLINE_EXCEEDED, "the deadline is too near for this method", {
    errorDetails: { errorInfo: { reason: "DEADLINE_TOO_SHORT" } },
  });
}

function checkOptions(options: ConcurrencyLimitOptions): void {
  const { max, adaptive, maxStreams, code, maxEventLoopDelayMs = 200 } = options;
  if ((max === undefined) === (adaptive === undefined)) {
    throw new TypeError(`either max or adaptive must be given, got ${max} and ${adaptive}`);
  }
  if (max !== undefined && !(Number.isInteger(max) && max > 0)) {
    throw new RangeError(`max must be a positive integer, got ${max}`);
  }
  const isUnlimited = maxStreams === undefined || maxStreams === Number.POSITIVE_INFINITY;
  if (!isUnlimited && !(Number.isInteger(maxStreams) && maxStreams > 0)) {
    throw new RangeError(`maxStreams must be a positive integer or Infinity, got ${maxStreams}`);
  }
  if (![undefined, status.UNAVAILABLE, status.RESOURCE_EXHAUSTED].includes(code)) {
    throw new RangeError(`code must be UNAVAILABLE or RESOURCE_EXHAUSTED, got ${code}`);
  }
  if (!(maxEventLoopDelayMs > 0)) {
    throw new RangeError(`maxEventLoopDelayMs must be above 0, got ${maxEventLoopDelayMs}`);
  }
}
