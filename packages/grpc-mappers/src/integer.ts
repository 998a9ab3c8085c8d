import type { Converter } from "./converter.ts";
import { refuse, show } from "./violation.ts";

/** A number that fits `int32`, `sint32` or `sfixed32`; protobuf writers cut off what does not. */
export const int32: Converter<number, number> = integer(-(2 ** 31), 2 ** 31 - 1);

/** A number that fits `uint32` or `fixed32`. */
export const uint32: Converter<number, number> = integer(0, 2 ** 32 - 1);

/** A bigint that fits `int64`, `sint64` or `sfixed64`. */
export const int64: Converter<bigint, bigint> = bigInteger(-(2n ** 63n), 2n ** 63n - 1n);

/** A bigint that fits `uint64` or `fixed64`. */
export const uint64: Converter<bigint, bigint> = bigInteger(0n, 2n ** 64n - 1n);

/**
 * A number in the entity, an `int64` in the message. Both ways refuse what is beyond ±(2^53 - 1):
 * a number there stands for several integers.
 */
export const int64AsNumber: Converter<number, bigint> = {
  toProto: (value) =>
    Number.isSafeInteger(value) ? BigInt(value) : refuse(SAFE_INTEGERS, show(value)),
  fromProto: (wire) => {
    const value = Number(wire);
    return Number.isSafeInteger(value) ? value : refuse(SAFE_INTEGERS, show(wire));
  },
};

const SAFE_INTEGERS = `an integer from ${Number.MIN_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}`;

function integer(min: number, max: number): Converter<number, number> {
  return checked(
    `an integer from ${min} to ${max}`,
    (value) => Number.isInteger(value) && value >= min && value <= max,
  );
}

function bigInteger(min: bigint, max: bigint): Converter<bigint, bigint> {
  return checked(`an integer from ${min} to ${max}`, (value) => value >= min && value <= max);
}

/** Takes the value as it is, both ways, and refuses one that is not valid. */
function checked<Value>(
  expected: string,
  isValid: (value: Value) => boolean,
): Converter<Value, Value> {
  const check = (value: Value): Value => (isValid(value) ? value : refuse(expected, show(value)));
  return { toProto: check, fromProto: check };
}
