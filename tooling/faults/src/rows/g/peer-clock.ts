import { randomUUID } from "node:crypto";
import { nowSeconds } from "@grpc-kit/testing/token-forge";
import { missUnless } from "../../harness/judge.ts";
import type { Row } from "../../row.ts";
import { accepted, serviceWithKey, tryToken } from "../d/key-service.ts";

export const peerClock: Row = {
  id: "G23",
  fault: "The issuer's clock is wrong by some seconds, or an hour",
  promise: "Up to 5 s are tolerated, and no more (D4 has the exact instant)",
  isQuick: true,
  async run(harness) {
    const { caller, tokens } = await serviceWithKey(harness);
    const refused = "UNAUTHENTICATED";
    const cases = [
      [2, accepted],
      [-2, accepted],
      [9, refused],
      [-9, refused],
      [3_600, refused],
      [-3_600, refused],
    ] as const;
    const misses: string[] = [];
    for (const [skew, expected] of cases) {
      const now = nowSeconds() + skew;
      // Good for a moment by the issuer's clock, or not yet: what is wrong is the clock alone.
      const claims = skew > 0 ? { iat: now, nbf: now } : { exp: now };
      const token = tokens.forge({ alg: "RS256" }, tokens.claims({ ...claims, jti: randomUUID() }));
      const name = await tryToken(caller, token);
      misses.push(...missUnless(name === expected, `${skew} s: ${name}, and not ${expected}`));
    }
    return {
      measured: `${cases.length} clocks tried, ${misses.length || "none"} judged wrongly`,
      misses,
    };
  },
};
