import { inLanes } from "../../harness/in-lanes.ts";
import { sizeOf } from "../../harness/size-of.ts";
import { tally, wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { sendForgeries } from "./forged-tokens.ts";
import { freshToken, serviceWithKey, tryToken } from "./key-service.ts";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";

export const mutatedTokens: Row = {
  id: "D7",
  fault:
    "Tokens with crit, b64, as JWE, nested, in other numbers of parts, no objects; and mutations of a good one",
  promise: "each is UNAUTHENTICATED, none INTERNAL",
  isQuick: true,
  async run(harness) {
    const target = await serviceWithKey(harness);
    const { measured, misses } = await sendForgeries(target, "D7");
    const good = freshToken(target.tokens);
    const count = harness.isQuick ? 500 : sizeOf("FAULTS_TOKENS", 20_000);
    const names = await inLanes(mutations(good, count), 16, (token) =>
      tryToken(target.caller, token),
    );
    return {
      measured: `${measured}; of ${count} mutations ${tally(names)}`,
      misses: [...misses, ...wrongAmong("calls", names, ["UNAUTHENTICATED"])],
    };
  },
};

/** A good token with something replaced, put in, taken out, swapped or cut off. */
function* mutations(good: string, count: number): Generator<string> {
  const place = (): number => Math.floor(Math.random() * good.length);
  const letter = (): string => letters[Math.floor(Math.random() * letters.length)] ?? "";
  const kinds = [
    (at: number) => good.slice(0, at) + letter() + good.slice(at + 1),
    (at: number) => good.slice(0, at) + letter() + good.slice(at),
    (at: number) => good.slice(0, at) + good.slice(at + 1 + (place() % 40)),
    (at: number) => good.slice(0, at) + Array.from({ length: 1 + (place() % 20) }, letter).join(""),
    (at: number) => good.slice(at) + good.slice(0, at),
  ] as const;
  for (let made = 0; made < count; ) {
    const token = kinds[made % kinds.length]?.(place()) ?? "";
    if (token !== good && token !== "") {
      made += 1;
      yield token;
    }
  }
}
