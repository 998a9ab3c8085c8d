import { type ServerInterceptor, status } from "@grpc/grpc-js";
import { StatusError } from "@grpc-kit/grpc-status";
import type { Method } from "../method.ts";
import type { CallHook, InterceptedCall } from "./call-hook.ts";
import { serverInterceptor } from "./server-interceptor.ts";

export interface MethodDeadline {
  /** Milliseconds for a call whose caller sets no deadline; Infinity: any time. */
  readonly defaultMs?: number;
  /** Milliseconds that no call may exceed, whatever its caller asks for; Infinity: any time. */
  readonly maxMs?: number;
}

export interface DeadlineOptions {
  /** Milliseconds for a unary call whose caller sets no deadline. Default: 30_000. */
  readonly defaultMs?: number;
  /** Milliseconds that no call, stream or not, may exceed. Default: Infinity. */
  readonly maxMs?: number;
  /** Other values for some methods, by path: "/examples.ItemService/ListItems". Default: none. */
  readonly methods?: Readonly<Record<string, MethodDeadline>>;
}

/**
 * Ends calls that take too long with DEADLINE_EXCEEDED, whatever deadline their caller has set, if any.
 *
 * A unary call without a deadline has `defaultMs`; a stream without one has what `methods` says of it, or
 * any time. No call of any kind has more than `maxMs`. One whose deadline has passed when it comes never
 * gets to its handler.
 */
export function deadline(options: DeadlineOptions = {}): ServerInterceptor {
  checkOptions(options);
  const limits = new Map<string, Required<MethodDeadline>>();
  const limitsOf = (method: Method): Required<MethodDeadline> => {
    let known = limits.get(method.path);
    if (known === undefined) {
      known = resolveLimits(method, options);
      limits.set(method.path, known);
    }
    return known;
  };
  return serverInterceptor((call) => {
    const now = Date.now();
    if (call.deadline <= now) {
      throw new StatusError(status.DEADLINE_EXCEEDED, "the deadline had passed when the call came");
    }
    const { defaultMs, maxMs } = limitsOf(call.method);
    const allowedMs = call.deadline === Number.POSITIVE_INFINITY ? defaultMs : maxMs;
    const endsAt = call.startedAt + allowedMs;
    const leftMs = endsAt - performance.now();
    // grpc-js sees to the caller's own deadline.
    if (now + leftMs >= call.deadline) {
      return undefined;
    }
    if (leftMs <= 0) {
      throw tookTooLong(allowedMs);
    }
    call.deadline = now + leftMs;
    return new Expiry(call, allowedMs, endsAt);
  });
}

// setTimeout takes a longer delay for 1 ms.
const maxTimerMs = 2 ** 31 - 1;

class Expiry implements CallHook {
  readonly #call: InterceptedCall;
  readonly #allowedMs: number;
  readonly #endsAt: number;
  #timer: NodeJS.Timeout;

  constructor(call: InterceptedCall, allowedMs: number, endsAt: number) {
    this.#call = call;
    this.#allowedMs = allowedMs;
    this.#endsAt = endsAt;
    this.#timer = this.#wait();
  }

  onEnd(): void {
    clearTimeout(this.#timer);
  }

  #wait(): NodeJS.Timeout {
    const leftMs = Math.max(0, Math.ceil(this.#endsAt - performance.now()));
    return setTimeout(() => this.#elapse(), Math.min(leftMs, maxTimerMs));
  }

  #elapse(): void {
    if (performance.now() < this.#endsAt - 1) {
      this.#timer = this.#wait();
      return;
    }
    this.#call.fail(tookTooLong(this.#allowedMs));
  }
}

function tookTooLong(allowedMs: number): StatusError {
  return new StatusError(status.DEADLINE_EXCEEDED, `the call took longer than ${allowedMs} ms`);
}

const unaryDefaultMs = 30_000;

function resolveLimits({ path, kind }: Method, options: DeadlineOptions): Required<MethodDeadline> {
  const { defaultMs, maxMs } = options.methods?.[path] ?? {};
  const max = maxMs ?? options.maxMs ?? Number.POSITIVE_INFINITY;
  const common =
    kind === "unary" ? (options.defaultMs ?? unaryDefaultMs) : Number.POSITIVE_INFINITY;
  return { defaultMs: Math.min(defaultMs ?? common, max), maxMs: max };
}

function checkOptions({ methods = {}, ...common }: DeadlineOptions): void {
  checkDurations("", common);
  for (const [path, own] of Object.entries(methods)) {
    if (!/^\/[\w.]+\/\w+$/.test(path)) {
      throw new TypeError(`methods must be like "/package.Service/Method", got "${path}"`);
    }
    checkDurations(`methods["${path}"].`, own);
  }
}

function checkDurations(prefix: string, durations: MethodDeadline): void {
  for (const name of ["defaultMs", "maxMs"] as const) {
    const value = durations[name];
    if (value !== undefined && !(typeof value === "number" && value > 0)) {
      throw new RangeError(`${prefix}${name} must be milliseconds above 0, got ${String(value)}`);
    }
  }
}
