import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { faultOf } from "../harness/answer-faults.ts";
import type { Row } from "../row.ts";
import { unframed } from "../wire/framing.ts";
import { encoded, itemPaths, newItem } from "../wire/items.ts";
import { type WireCaller, wireCaller } from "../wire/wire-calls.ts";
import { fuzzRow } from "./fuzz-row.ts";

interface FilterCase {
  readonly kind: "valid" | "random";
  readonly filter: string;
}

const words = fc.constantFrom("lamp", "LAMP", "a%", "_", "\\\\", "💡", '\\"', "'; --", "");
const literals = {
  text: fc.oneof(words, fc.string({ maxLength: 6 }).map(escaped)).map((word) => `"${word}"`),
  number: fc.oneof(fc.integer().map(String), fc.constantFrom("24.9", "-1.5", "1e10", "0")),
  boolean: fc.constantFrom("true", "false"),
  time: fc.constantFrom('"2026-02-03T04:05:06.789Z"', '"1970-01-01T00:00:00Z"'),
};
const orders = ["=", "!=", "<", "<=", ">", ">="];

function escaped(text: string): string {
  return text.replace(/["\\]/g, "\\$&");
}

function comparison(
  fields: readonly string[],
  operators: readonly string[],
  literal: fc.Arbitrary<string>,
): fc.Arbitrary<string> {
  const parts = fc.tuple(fc.constantFrom(...fields), fc.constantFrom(...operators), literal);
  return parts.map((all) => all.join(" "));
}

// As the README of item-service has the grammar.
const { filter: grammar } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    comparison(["name", "description", "sku"], [...orders, ":"], literals.text),
    comparison(["quantity", "price"], orders, literals.number),
    comparison(["is_active"], ["=", "!="], literals.boolean),
    comparison(["created_at", "updated_at"], orders, literals.time),
    tie("filter").map((inner) => `NOT (${inner})`),
    fc
      .tuple(tie("filter"), fc.constantFrom("AND", "OR"), tie("filter"))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
  ),
}));

const pieces = fc.constantFrom(
  ...["name", "sku", "quantity", "price", "is_active", "created_at", "position", "__proto__"],
  ...[
    "=",
    "!=",
    "<",
    ":",
    "(",
    ")",
    "AND",
    "OR",
    "NOT",
    '"',
    '"lamp"',
    "1",
    "-",
    "true",
    "\\",
    "--",
    ";",
  ],
);
const random = fc.oneof(
  fc.array(pieces, { maxLength: 12 }).map((all) => all.join(" ")),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.nat(3_000).map((depth) => "(".repeat(depth)),
  fc.nat(300).map((count) => Array(count).fill("price > 1").join(" AND ")),
);

const cases: fc.Arbitrary<FilterCase> = fc.oneof(
  grammar
    .filter((filter) => filter.length <= 490)
    .map((filter) => ({ kind: "valid" as const, filter })),
  random.map((filter) => ({ kind: "random" as const, filter })),
);

async function seed(caller: WireCaller, mark: string): Promise<void> {
  for (const [n, name] of ["Lamp", "lamp", "100%", "a_b", "\\", "💡", '"', "x'"].entries()) {
    const item = { ...newItem(`${mark}-${n}`), name, quantity: n, price: n * 1.5 };
    await caller.call(itemPaths.createItem, encoded("createItem", item));
  }
}

async function list(caller: WireCaller, filter: string) {
  const request = { pageSize: 1_000, pageToken: "", filter };
  const outcome = await caller.call(itemPaths.listItems, encoded("listItems", request));
  return {
    outcome,
    fault: faultOf(outcome, ["OK", "INVALID_ARGUMENT"]),
    count: unframed(outcome.body).length,
  };
}

export const filters: Row = fuzzRow<FilterCase>({
  id: "Z7",
  fault: "filters of ListItems, by the grammar and at random",
  promise:
    "one by the grammar is taken, and it and its NOT hold for all items together; no SQL, no error of the database",
  quickRuns: 96,
  cases,
  async prepare(service, harness) {
    const caller = wireCaller(service, service.token());
    harness.onEnd(caller.close);
    const mark = randomUUID();
    await seed(caller, mark);
    const scope = `sku : "${mark}"`;
    const all = (await list(caller, scope)).count;
    return async ({ kind, filter }) => {
      const found = await list(caller, kind === "valid" ? `(${filter}) AND ${scope}` : filter);
      const name = `${kind} ${found.outcome.name}`;
      if (kind === "random" || found.fault !== undefined) {
        return { name, fault: found.fault };
      }
      if (found.outcome.name !== "OK") {
        return { name, fault: `a filter by the grammar is refused: ${found.outcome.message}` };
      }
      const others = (await list(caller, `NOT (${filter}) AND ${scope}`)).count;
      const isWhole = found.count + others === all;
      return {
        name,
        fault: isWhole ? undefined : `it holds for ${found.count} of ${all}, its NOT for ${others}`,
      };
    };
  },
});
