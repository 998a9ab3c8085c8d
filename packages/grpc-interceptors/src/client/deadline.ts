import {
  InterceptingCall,
  type Interceptor,
  type InterceptorOptions,
  type NextCall,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { currentCall, type ServedCall } from "@grpc-kit/grpc-context";
import { failLocally } from "./fail-locally.ts";

/** How long calls may take. */
export interface DeadlineOptions {
  /** The most that a call with one answer (unary, client-streaming) may take. Default: 10_000. */
  readonly defaultMs?: number;
  /** The most that a call with a stream of answers may take. Default: no limit. */
  readonly streamDefaultMs?: number;
  /** By path ("/examples.ItemService/GetItem"), instead of the two above. Default: none. */
  readonly methods?: Readonly<Record<string, number>>;
  /** The most that any deadline may be away. Default: 86_400_000, a day. */
  readonly maxMs?: number;
  /** What a server keeps of its own call's time, to answer in. Default: 10. */
  readonly reserveMs?: number;
  /** Whether a call ends with the call being served that it is made for. Default: true. */
  readonly propagateCancellation?: boolean;
}

// grpc-js servers take 25 days and more for no time at all: 2 ** 31 milliseconds.
const dayMs = 86_400_000;

/**
 * Gives calls a deadline: the nearest of the caller's own, the limit of the method, and what is left of
 * the call being served. A call with no time left is not sent; one whose served call is cancelled or
 * fails is cancelled as well. Streams of answers have a limit only if one is given.
 */
export function deadline(options: DeadlineOptions = {}): Interceptor {
  const { reserveMs = 10, propagateCancellation = true } = options;
  const limits = checkLimits(options);
  return (callOptions, nextCall) => {
    const served = currentCall();
    const now = Date.now();
    const nearest = Math.min(
      ownDeadline(callOptions),
      now + limits.limitMs(callOptions.method_definition),
      (served?.deadline ?? Number.POSITIVE_INFINITY) - reserveMs,
    );
    if (nearest <= now) {
      return failLocally(status.DEADLINE_EXCEEDED, "deadline exceeded before the call was sent");
    }
    const end =
      nearest === Number.POSITIVE_INFINITY ? nearest : Math.min(nearest, now + limits.maxMs);
    const timed = { ...callOptions, deadline: end };
    if (served === undefined || !propagateCancellation) {
      return new InterceptingCall(nextCall(timed), { start: endingInTime(end) });
    }
    return served.signal.aborted
      ? failLocally(...cancellationOf(served))
      : startLinked(nextCall(timed), end, served);
  };
}

type Start = NonNullable<NonNullable<ConstructorParameters<typeof InterceptingCall>[1]>["start"]>;

function endingInTime(end: number, onEnd?: () => void): Start {
  return (metadata, _listener, next) =>
    next(metadata, {
      onReceiveStatus(received, proceed) {
        onEnd?.();
        proceed(inTime(received, end));
      },
    });
}

// A server or proxy that gives up a moment before us resets the stream: the time was over all the same.
function inTime(received: StatusObject, end: number): StatusObject {
  return received.code === status.CANCELLED && Date.now() >= end
    ? { ...received, code: status.DEADLINE_EXCEEDED, details: "deadline exceeded" }
    : received;
}

// grpc-js's own `parent` never takes its listener off again, and cancels when the parent succeeds.
function startLinked(
  call: ReturnType<NextCall>,
  end: number,
  served: ServedCall,
): InterceptingCall {
  const { signal } = served;
  // Later, since grpc-js sends a call all the same that is cancelled in the turn in which it was made.
  const cancel = (): void => {
    setImmediate(() => call.cancelWithStatus(...cancellationOf(served)));
  };
  const start = endingInTime(end, () => signal.removeEventListener("abort", cancel));
  return new InterceptingCall(call, {
    start(metadata, listener, next) {
      signal.addEventListener("abort", cancel, { once: true });
      start(metadata, listener, next);
      // An interceptor further outside may have taken its time.
      if (signal.aborted) {
        cancel();
      }
    },
  });
}

function cancellationOf({ deadline: end }: ServedCall): [status, string] {
  // Timers may be a millisecond early.
  return Date.now() >= end - 1
    ? [status.DEADLINE_EXCEEDED, "the deadline of the call being served has passed"]
    : [status.CANCELLED, "the call being served has ended"];
}

function ownDeadline({ deadline: own }: InterceptorOptions): number {
  const end = Number(own ?? Number.POSITIVE_INFINITY);
  return Number.isNaN(end) ? Number.POSITIVE_INFINITY : end;
}

interface Limits {
  readonly maxMs: number;
  limitMs(method: InterceptorOptions["method_definition"]): number;
}

function checkLimits(options: DeadlineOptions): Limits {
  const { defaultMs = 10_000, streamDefaultMs, methods = {}, maxMs = dayMs } = options;
  const { reserveMs = 0 } = options;
  const byPath = new Map(Object.entries(methods));
  const named = [...byPath].map(([path, ms]) => [`methods["${path}"]`, ms] as const);
  for (const [name, ms] of [...named, ["defaultMs", defaultMs], ["maxMs", maxMs]] as const) {
    checkPositive(name, ms);
  }
  if (streamDefaultMs !== undefined) {
    checkPositive("streamDefaultMs", streamDefaultMs);
  }
  if (maxMs > dayMs) {
    throw new RangeError(`maxMs must be at most ${dayMs}, got ${maxMs}`);
  }
  if (!(reserveMs >= 0 && reserveMs < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`reserveMs must be 0 or a positive number, got ${reserveMs}`);
  }
  const streamLimitMs = streamDefaultMs ?? Number.POSITIVE_INFINITY;
  return {
    maxMs,
    limitMs: ({ path, responseStream }) =>
      byPath.get(path) ?? (responseStream ? streamLimitMs : defaultMs),
  };
}

function checkPositive(name: string, ms: number): void {
  if (!(ms > 0 && ms < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${name} must be a positive number, got ${ms}`);
  }
}
