import fc from "fast-check";
import { expect, it } from "vitest";
import { createFieldMask } from "./index.ts";

interface Inner {
  city: string;
  zip: number;
  checked: boolean;
}

interface Message {
  name: string;
  size: bigint;
  note?: string | undefined;
  tags: string[];
  inner: Inner | undefined;
  state: string;
}

const { apply } = createFieldMask<Message>()({
  name: true,
  size: true,
  note: "optional",
  tags: true,
  inner: { city: true, zip: true, checked: "output-only" },
  state: "output-only",
});

const inner: fc.Arbitrary<Inner> = fc.record({
  city: fc.constantFrom("", "Bonn"),
  zip: fc.nat(1),
  checked: fc.boolean(),
});

const message: fc.Arbitrary<Message> = fc.record({
  name: fc.constantFrom("", "a", "b"),
  size: fc.bigInt(0n, 2n),
  note: fc.constantFrom(undefined, "", "n"),
  tags: fc.array(fc.constant("t"), { maxLength: 2 }),
  inner: fc.option(inner, { nil: undefined }),
  state: fc.constantFrom("", "new"),
});

const paths = ["name", "size", "note", "tags", "inner", "inner.city", "inner.zip", "state"];
const mask = fc.oneof(fc.constant(["*"]), fc.subarray(paths));
const runs = { numRuns: 500 };

function frozen<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

it("changes nothing that came in, and nothing twice", () => {
  fc.assert(
    fc.property(mask, message, message, (paths, current, update) => {
      const once = apply({ mask: paths, current: frozen(current), update: frozen(update) });
      expect(apply({ mask: paths, current: once, update })).toEqual(once);
    }),
    runs,
  );
});

it("never changes what is output-only", () => {
  fc.assert(
    fc.property(mask, message, message, (paths, current, update) => {
      const result = apply({ mask: paths, current, update });
      expect(result.state).toBe(current.state);
      expect(result.inner?.checked ?? false).toBe(current.inner?.checked ?? false);
    }),
    runs,
  );
});

it("changes each named field to the new value, and no other", () => {
  fc.assert(
    fc.property(fc.subarray(paths, { minLength: 1 }), message, message, (mask, current, update) => {
      const result = apply({ mask, current, update });
      for (const name of ["name", "size", "note", "tags"] as const) {
        expect(result[name]).toEqual((mask.includes(name) ? update : current)[name]);
      }
      for (const [name, none] of [
        ["city", ""],
        ["zip", 0],
      ] as const) {
        const isNamed = mask.includes("inner") || mask.includes(`inner.${name}`);
        expect(result.inner?.[name] ?? none).toBe(
          (isNamed ? update : current).inner?.[name] ?? none,
        );
      }
    }),
    runs,
  );
});

it("changes nothing when a message is updated by itself", () => {
  fc.assert(
    fc.property(mask, message, (mask, current) => {
      expect(apply({ mask, current, update: current })).toEqual(current);
    }),
    runs,
  );
});
