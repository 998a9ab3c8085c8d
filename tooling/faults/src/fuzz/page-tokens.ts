import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { faultOf } from "../harness/answer-faults.ts";
import type { Row } from "../row.ts";
import { encoded, itemPaths, newItem } from "../wire/items.ts";
import { type WireCaller, wireCaller } from "../wire/wire-calls.ts";
import { fuzzRow } from "./fuzz-row.ts";

const queries = ["", "price > 1", 'name = "Lamp"'];

interface TokenCase {
  /** Which query it was made for, and which it is sent with. */
  readonly from: number;
  readonly to: number;
  /** Makes another text of it. */
  readonly spoil: (token: string) => string;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const spoils: fc.Arbitrary<(token: string) => string> = fc.oneof(
  // A character for another, at any place.
  fc.tuple(fc.nat(200), fc.constantFrom(...alphabet)).map(([at, other]) => (token: string) => {
    const index = at % token.length;
    return token.slice(0, index) + other + token.slice(index + 1);
  }),
  fc.nat(200).map((at) => (token: string) => token.slice(0, at % token.length)),
  fc.nat(200).map((at) => (token: string) => token.slice(1 + (at % token.length))),
  fc.constantFrom<(token: string) => string>(
    (token) => `${token}=`,
    (token) => `${token}A`,
    (token) => ` ${token}`,
    (token) => token + token,
    (token) => token.toUpperCase(),
    (token) => token.split("").reverse().join(""),
  ),
  fc.string({ unit: "binary", minLength: 1, maxLength: 100 }).map((text) => () => text),
  fc
    .uint8Array({ minLength: 1, maxLength: 60 })
    .map((bytes) => () => Buffer.from(bytes).toString("base64url")),
);

const query = fc.nat(queries.length - 1);
const cases: fc.Arbitrary<TokenCase> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ from: query, to: query, spoil: spoils }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(query, fc.integer({ min: 1, max: queries.length - 1 }))
      .map(([from, step]) => ({
        from,
        to: (from + step) % queries.length,
        spoil: (token: string) => token,
      })),
  },
);

async function ask(caller: WireCaller, filter: string, pageToken: string) {
  const request = encoded("listItems", { pageSize: 1, pageToken, filter });
  return caller.call(itemPaths.listItems, request);
}

export const pageTokens: Row = fuzzRow<TokenCase>({
  id: "Z8",
  fault: "page tokens: changed, cut, made up, or those of another query",
  promise: "INVALID_ARGUMENT: none is taken",
  cases,
  async prepare(service, harness) {
    const caller = wireCaller(service, service.token());
    harness.onEnd(caller.close);
    for (let n = 0; n < 2; n += 1) {
      await caller.call(itemPaths.createItem, encoded("createItem", newItem(randomUUID())));
    }
    const pages = await Promise.all(queries.map((filter) => ask(caller, filter, "")));
    const tokens = pages.map(({ headers }) => String(headers["next-page-token"]));
    const good = await ask(caller, queries[0] ?? "", tokens[0] ?? "");
    if (good.name !== "OK") {
      throw new Error(`a page token that is in order ended ${good.name}`);
    }
    return async ({ from, to, spoil }) => {
      const token = tokens[from] ?? "";
      const spoilt = spoil(token);
      if (spoilt === "" || (spoilt === token && from === to)) {
        return { name: "as it was", fault: undefined };
      }
      const outcome = await ask(caller, queries[to] ?? "", spoilt);
      return { name: outcome.name, fault: faultOf(outcome, ["INVALID_ARGUMENT"]) };
    };
  },
});
