import type { RetryThrottling } from "./retry-policy.ts";

/** Whether the calls of a target may be copied, which grpc-js counts for retries but not for hedges. */
export interface HedgeThrottle {
  readonly mayHedge: boolean;
  onFailure(): void;
  onSuccess(): void;
}

/**
 * One throttle for each target: copies are sent while more than half of the tokens are left.
 * https://github.com/grpc/proposal/blob/master/A6-client-retries.md#throttling-retry-attempts-and-hedged-rpcs
 */
export function createHedgeThrottles(
  throttling: RetryThrottling | undefined,
): (target: string) => HedgeThrottle | undefined {
  const throttles = new Map<string, HedgeThrottle>();
  return (target) => {
    if (throttling === undefined) {
      return undefined;
    }
    const known = throttles.get(target) ?? createThrottle(throttling);
    throttles.set(target, known);
    return known;
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
