import { status } from "@grpc/grpc-js";
import type { ServicePolicy } from "../channel/call-source.ts";
import type { RetryThrottling } from "./retry-policy.ts";
import { methodConfigOf } from "./service-policy.ts";

/** What the copies of a method's calls go by. */
export interface Hedging {
  readonly throttle: HedgeThrottle | undefined;
  /** Told how each attempt has ended. */
  count(code: status): void;
}

/** Undefined: the policy of the method does not hedge. */
export function hedgingOf(
  policy: ServicePolicy,
  path: string,
  throttle: HedgeThrottle | undefined,
): Hedging | undefined {
  const hedging = methodConfigOf(policy, path)?.hedgingPolicy;
  if (hedging === undefined) {
    return undefined;
  }
  const { nonFatalStatusCodes = [] } = hedging;
  return {
    throttle,
    count(code) {
      if (code === status.OK) {
        throttle?.onSuccess();
      } else if (nonFatalStatusCodes.includes(code)) {
        throttle?.onFailure();
      }
    },
  };
}

/** Whether the calls of a target may be copied, which grpc-js counts for retries but not for hedges. */
export interface HedgeThrottle {
  readonly mayHedge: boolean;
  onFailure(): void;
  onSuccess(): void;
}

export interface HedgeThrottles {
  throttleOf(target: string): HedgeThrottle | undefined;
  /** No more calls will be made to the target by the stubs that there are. */
  forget(target: string): void;
}

/**
 * One throttle for each target: copies are sent while more than half of the tokens are left.
 * https://github.com/grpc/proposal/blob/master/A6-client-retries.md#throttling-retry-attempts-and-hedged-rpcs
 */
export function createHedgeThrottles(throttling: RetryThrottling | undefined): HedgeThrottles {
  const throttles = new Map<string, HedgeThrottle>();
  return {
    throttleOf(target) {
      if (throttling === undefined) {
        return undefined;
      }
      const known = throttles.get(target) ?? createThrottle(throttling);
      throttles.set(target, known);
      return known;
    },
    forget: (target) => throttles.delete(target),
  };
}

function createThrottle({ maxTokens, tokenRatio }: RetryThrottling): HedgeThrottle {
  let tokens = maxTokens;
  return {
    get mayHedge() {
      return tokens > maxTokens / 2;
    },
    onFailure() {
      tokens = Math.max(0, tokens - 1);
    },
    onSuccess() {
      tokens = Math.min(maxTokens, tokens + tokenRatio);
    },
  };
}
