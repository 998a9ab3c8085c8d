import type { Converter } from "./converter.ts";
import { refuse, show } from "./violation.ts";

/**
 * Names of the domain for the numbers of an enum. A number that has no name, because the sender
 * knows a newer enum, stays a number and goes back unchanged.
 *
 * Throws a RangeError for two names of one number, of which only one could come back, and for a
 * number that no enum can have.
 */
export function enumNames<const Names extends Readonly<Record<string, number>>>(
  names: Names,
): Converter<(keyof Names & string) | number, Names[keyof Names], number> {
  const numbers = new Map<unknown, number>(Object.entries(names));
  const nameOf = new Map<number, string>();
  for (const [name, number] of Object.entries(names)) {
    if (!isInt32(number)) {
      throw new RangeError(`${name} must be an integer of 32 bits, got ${number}`);
    }
    if (nameOf.has(number)) {
      throw new RangeError(
        `${name} must have a number of its own, got that of ${nameOf.get(number)}`,
      );
    }
    nameOf.set(number, name);
  }
  const expected = `one of ${[...numbers.keys()].join(", ")}, or an integer of 32 bits`;
  return {
    toProto: (value) => {
      const number = typeof value === "number" ? value : numbers.get(value);
      return isInt32(number) ? (number as Names[keyof Names]) : refuse(expected, show(value));
    },
    fromProto: (wire) =>
      (nameOf.get(wire) as (keyof Names & string) | undefined) ??
      (isInt32(wire) ? wire : refuse(expected, show(wire))),
  };
}

function isInt32(value: unknown): value is number {
  return typeof value === "number" && (value | 0) === value;
}
