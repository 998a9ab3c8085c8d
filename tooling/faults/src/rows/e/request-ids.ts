import { missUnless } from "../../harness/judge.ts";
import type { Row } from "../../row.ts";
import { callerOf, callWith } from "../d/key-service.ts";

const good = [
  "a",
  "order-4711",
  "A.b_c-D",
  "x".repeat(64),
  "0b7c1f6e-6b1e-4f43-9d3e-0a8f4a3c2d11",
  "..",
  "-",
];
const bad: readonly (string | string[])[] = [
  "",
  " ",
  "a b",
  "a,b",
  'a"b',
  "a;b",
  "a/b",
  "../../etc/passwd",
  "x".repeat(65),
  "x".repeat(4_000),
  "é",
  "jndi:ldap://a",
  "%0d%0a",
  "<script>",
  ["a", "b"],
  ["a", "a"],
];
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

export const requestIds: Row = {
  id: "E5",
  fault: "Ids of calls that callers choose: empty, long, with spaces, quotes, paths, two at once",
  promise:
    "one of 1 to 64 letters, digits, `.`, `_` and `-` is kept; any other is replaced by a new UUID",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = callerOf(harness, service);
    const authorization = `Bearer ${service.token()}`;
    const idFor = async (id: string | string[]): Promise<string> =>
      String(
        (await callWith(caller, { authorization, "x-request-id": id })).headers["x-request-id"],
      );
    const misses: string[] = [];
    for (const id of good) {
      const got = await idFor(id);
      misses.push(...missUnless(got === id, `${id} became ${got}`));
    }
    for (const id of bad) {
      const got = await idFor(id);
      misses.push(
        ...missUnless(
          uuid.test(got),
          `${JSON.stringify(id).slice(0, 40)} became ${got.slice(0, 80)}`,
        ),
      );
    }
    return {
      measured: `${good.length} kept, ${bad.length} replaced, ${misses.length || "none"} wrong`,
      misses,
    };
  },
};
