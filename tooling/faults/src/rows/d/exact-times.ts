import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { nowSeconds } from "@grpc-kit/testing/token-forge";
import { missUnless } from "../../harness/judge.ts";
import type { Row } from "../../row.ts";
import { accepted, serviceWithKey, tryToken } from "./key-service.ts";

const toleranceMs = 5_000;

interface Try {
  readonly sentMs: number;
  readonly endedMs: number;
  readonly name: string;
}

export const exactTimes: Row = {
  id: "D4",
  fault: "Tokens about to expire, not yet valid, or issued in the future",
  promise: "exp, nbf and iat count to the millisecond, with a tolerance of 5 s",
  isQuick: false,
  async run(harness) {
    const { caller, tokens } = await serviceWithKey(harness);
    const second = nowSeconds();
    // Each is decided in the same instant: when two more seconds have begun.
    const decidedMs = (second + 2) * 1_000;
    const claims = {
      exp: { exp: second + 2 - toleranceMs / 1_000 },
      nbf: { nbf: second + 2 + toleranceMs / 1_000 },
      iat: { iat: second + 2 + toleranceMs / 1_000 },
    } as const;
    const misses: string[] = [];
    let tries = 0;
    const watch = async (claim: keyof typeof claims): Promise<void> => {
      const [before, after] =
        claim === "exp" ? [accepted, "UNAUTHENTICATED"] : ["UNAUTHENTICATED", accepted];
      const made: Try[] = [];
      while (Date.now() < decidedMs + 300) {
        // Another one each time, so that nothing is known from before.
        const token = tokens.forge(
          { alg: "RS256" },
          tokens.claims({ ...claims[claim], jti: randomUUID() }),
        );
        const sentMs = Date.now();
        const name = await tryToken(caller, token);
        made.push({ sentMs, endedMs: Date.now(), name });
        await delay(5);
      }
      // Of those that were under way at the instant, either may be true.
      const early = made.filter(({ endedMs }) => endedMs < decidedMs);
      const late = made.filter(({ sentMs }) => sentMs > decidedMs);
      tries += early.length + late.length;
      const wrong = [
        ...early.filter(({ name }) => name !== before),
        ...late.filter(({ name }) => name !== after),
      ];
      misses.push(
        ...missUnless(
          early.length > 0 && late.length > 0,
          `${claim}: no call before or after the instant`,
        ),
        ...wrong.map(
          ({ sentMs, name }) =>
            `${claim}: ${name} for a call that was sent at ${sentMs - decidedMs} ms of the instant`,
        ),
      );
    };
    await Promise.all([watch("exp"), watch("nbf"), watch("iat")]);
    return {
      measured: `${tries} calls around the instant, ${misses.length || "none"} wrong`,
      misses,
    };
  },
};
