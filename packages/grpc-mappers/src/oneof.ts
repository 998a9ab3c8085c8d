import { conversion } from "./conversion.ts";
import type { Converter } from "./converter.ts";
import { refuse, show } from "./violation.ts";
import { besideParent, protoName } from "./violation-path.ts";

/** A oneof in an entity. */
export interface Kind {
  readonly kind: string;
  readonly value: unknown;
}

/** A oneof in a message, as ts-proto has it. */
export interface Case {
  readonly $case: string;
  readonly value: unknown;
}

/** A converter for each case. */
export type OneofConverters<Value extends Kind, Wire extends Case> = {
  readonly [Name in Wire["$case"] | Value["kind"]]: Converter<
    Extract<Value, { readonly kind: Name }>["value"],
    Extract<Wire, { readonly $case: Name }>["value"]
  >;
};

/**
 * A oneof, `{ $case, value }`, as `{ kind, value }` whose kinds are named as the cases are. A oneof
 * that may be absent is `optional(oneof(…))`. Violations name the field of the case.
 *
 * The types are those of the mapper's field that it is for. Within `renamed` they have to be given:
 * `oneof<Action, NonNullable<Message["action"]>>(…)`.
 */
export function oneof<Value extends Kind, Wire extends Case>(
  converters: OneofConverters<Value, Wire>,
): Converter<Value, Wire, Wire | undefined> {
  const cases = Object.entries<Converter<unknown, unknown>>(converters);
  const expected = `one of ${cases.map(([name]) => name).join(", ")}`;
  const write = byCase(expected, new Map(cases.map(([name, { toProto }]) => [name, toProto])));
  const read = byCase(expected, new Map(cases.map(([name, { fromProto }]) => [name, fromProto])));
  return {
    toProto: ({ kind, value }) => ({ $case: kind, value: write([kind, value]) }) as unknown as Wire,
    fromProto: (wire) =>
      wire === undefined
        ? refuse(expected, "none")
        : ({ kind: wire.$case, value: read([wire.$case, wire.value]) } as unknown as Value),
  };
}

function byCase(
  expected: string,
  converts: ReadonlyMap<string, (value: unknown) => unknown>,
): (chosen: readonly [name: string, value: unknown]) => unknown {
  const find = (name: string): ((value: unknown) => unknown) =>
    converts.get(name) ?? refuse(expected, show(name));
  return conversion({
    fast: ([name, value]) => find(name)(value),
    inParts: ([name, value], convertPart) => {
      const convert = find(name);
      const converted = convertPart(besideParent(protoName(name)), () => convert(value));
      return () => converted;
    },
  });
}
