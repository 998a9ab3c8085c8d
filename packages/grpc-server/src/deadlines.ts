import { checkDuration } from "./check-option.ts";

export interface MethodDeadline {
  /** Milliseconds for a call whose caller sets no deadline; Infinity: any time. */
  readonly defaultMs?: number;
  /** Milliseconds that no call may exceed, whatever its caller asks for; Infinity: any time. */
  readonly maxMs?: number;
}

export interface DeadlineOptions {
  /**
   * Milliseconds for a unary call whose caller sets no deadline, and for the request of a server stream
   * to arrive. Streams have no deadline but their caller's. Default: 30_000.
   */
  readonly defaultMs?: number;
  /** Milliseconds that no call, stream or not, may exceed. Default: Infinity. */
  readonly maxMs?: number;
  /** Other values for some methods, by path: "/examples.ItemService/ListItems". Default: none. */
  readonly methods?: Readonly<Record<string, MethodDeadline>>;
}

/** How long the calls of one method may take. */
export interface RouteDeadline {
  readonly defaultMs: number;
  readonly maxMs: number;
  /** How long the one request may take to arrive. */
  readonly requestMs: number;
}

const defaultUnaryMs = 30_000;

/** Throws a RangeError that names a wrong option. */
export function checkDeadlineOptions(options: DeadlineOptions): DeadlineOptions {
  const { methods = {}, ...all } = options;
  for (const [name, { defaultMs, maxMs }] of [
    ["deadlines", all] as const,
    ...Object.entries(methods).map(([path, of]) => [`deadlines.methods["${path}"]`, of] as const),
  ]) {
    if (defaultMs !== undefined) {
      checkDuration(`${name}.defaultMs`, defaultMs);
    }
    if (maxMs !== undefined) {
      checkDuration(`${name}.maxMs`, maxMs);
    }
  }
  return options;
}

export function deadlineOf(
  path: string,
  isStream: boolean,
  { defaultMs = defaultUnaryMs, maxMs = Number.POSITIVE_INFINITY, methods = {} }: DeadlineOptions,
): RouteDeadline {
  const own = methods[path];
  const max = own?.maxMs ?? maxMs;
  const fallback = isStream ? Number.POSITIVE_INFINITY : defaultMs;
  return {
    defaultMs: Math.min(own?.defaultMs ?? fallback, max),
    maxMs: max,
    requestMs: Math.min(own?.defaultMs ?? defaultMs, max),
  };
}
