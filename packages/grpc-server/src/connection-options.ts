import { checkCount, checkDuration, checkPositive } from "./check-option.ts";

/** A budget that fills up again with time. */
export interface RateBudget {
  /** How many at once. */
  readonly burst?: number;
  /** How many come back each second. */
  readonly perSecond?: number;
}

export interface ConnectionOptions {
  /** Open connections at once; more are refused. An idle one costs 22 KB. Default: 2_000. */
  readonly max?: number;
  /** Open connections from one address (of IPv6: one /64). Default: half of `max`. */
  readonly maxPerPeer?: number;
  /** New connections a second from one address, beyond a burst of `maxPerPeer`. Default: 100. */
  readonly ratePerPeer?: number;
  /**
   * Streams that may end with a reset, from one address; beyond that its connections are cut, and
   * new ones refused, until the budget has filled up. Default: 5_000, and 500 a second.
   */
  readonly resetBudget?: RateBudget;
  /** Milliseconds from TCP's handshake to the end of TLS's and HTTP/2's. Default: 10_000. */
  readonly handshakeTimeoutMs?: number;
  /** Milliseconds without a call, after which a connection is closed. Default: 900_000, 15 minutes. */
  readonly maxIdleMs?: number;
  /**
   * Milliseconds, ±10 %, after which clients are asked to connect again, so that they find new
   * servers. No call is lost by it. Default: 1_800_000, 30 minutes.
   */
  readonly maxAgeMs?: number;
  /** Milliseconds that calls have to end on a connection that is too old. Default: 300_000. */
  readonly maxAgeGraceMs?: number;
}

export interface ConnectionLimits extends Required<ConnectionOptions> {
  readonly resetBudget: Required<RateBudget>;
}

/** The limits with their defaults. Throws a RangeError that names a wrong one. */
export function resolveConnectionOptions({
  max = 2_000,
  maxPerPeer = Math.ceil(max / 2),
  ratePerPeer = 100,
  resetBudget: { burst = 5_000, perSecond = 500 } = {},
  handshakeTimeoutMs = 10_000,
  maxIdleMs = 15 * 60_000,
  maxAgeMs = 30 * 60_000,
  maxAgeGraceMs = 5 * 60_000,
}: ConnectionOptions = {}): ConnectionLimits {
  checkCount("connections.max", max, 1);
  checkCount("connections.maxPerPeer", maxPerPeer, 1);
  checkPositive("connections.ratePerPeer", ratePerPeer);
  checkCount("connections.resetBudget.burst", burst, 1);
  checkPositive("connections.resetBudget.perSecond", perSecond);
  checkDuration("connections.handshakeTimeoutMs", handshakeTimeoutMs);
  checkDuration("connections.maxIdleMs", maxIdleMs);
  checkDuration("connections.maxAgeMs", maxAgeMs);
  checkDuration("connections.maxAgeGraceMs", maxAgeGraceMs);
  return {
    max,
    maxPerPeer,
    ratePerPeer,
    resetBudget: { burst, perSecond },
    handshakeTimeoutMs,
    maxIdleMs,
    maxAgeMs,
    maxAgeGraceMs,
  };
}
