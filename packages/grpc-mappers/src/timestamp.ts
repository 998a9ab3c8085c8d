import type { Converter } from "./converter.ts";
import type { SecondsAndNanos } from "./seconds-and-nanos.ts";
import { refuse } from "./violation.ts";

// The range of the type: https://protobuf.dev/reference/protobuf/google.protobuf/#timestamp
const EXPECTED = "a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z";
const SECONDS_MIN = -62_135_596_800;
const SECONDS_MAX = 253_402_300_799;
const NANOS_PER_SECOND = 1_000_000_000n;

/** A google.protobuf.Timestamp as it is, to the nanosecond. It must be present and in range. */
export const timestamp: Converter<SecondsAndNanos, SecondsAndNanos, SecondsAndNanos | undefined> = {
  toProto: check,
  fromProto: check,
};

/**
 * A Date. What is less than a millisecond is cut off when reading, towards the past; keep
 * nanoseconds with `timestamp` or `timestampAsNanoseconds`.
 */
export const timestampAsDate: Converter<Date, SecondsAndNanos, SecondsAndNanos | undefined> = {
  toProto: (date) => {
    const ms = date.getTime();
    const seconds = Math.floor(ms / 1_000);
    // Not so for an invalid Date either, whose time is NaN.
    if (!(seconds >= SECONDS_MIN && seconds <= SECONDS_MAX)) {
      refuse(EXPECTED, Number.isNaN(ms) ? "an invalid Date" : date.toISOString());
    }
    return { seconds: BigInt(seconds), nanos: (ms - seconds * 1_000) * 1_000_000 };
  },
  fromProto: (wire) => {
    const { seconds, nanos } = check(wire);
    // Nanoseconds count forwards, before 1970 as well.
    return new Date(Number(seconds) * 1_000 + Math.floor(nanos / 1_000_000));
  },
};

/** Nanoseconds since 1970 as a bigint. Nothing is lost. */
export const timestampAsNanoseconds: Converter<
  bigint,
  SecondsAndNanos,
  SecondsAndNanos | undefined
> = {
  toProto: (value) => {
    // The remainder of a bigint division has the sign of the dividend.
    const nanos = ((value % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND;
    return check({ seconds: (value - nanos) / NANOS_PER_SECOND, nanos: Number(nanos) });
  },
  fromProto: (wire) => {
    const { seconds, nanos } = check(wire);
    return seconds * NANOS_PER_SECOND + BigInt(nanos);
  },
};

function check(wire: SecondsAndNanos | undefined): SecondsAndNanos {
  if (wire === undefined) {
    return refuse("present", "none");
  }
  const { seconds, nanos } = wire;
  const isInRange = seconds >= SECONDS_MIN && seconds <= SECONDS_MAX;
  return isInRange && Number.isInteger(nanos) && nanos >= 0 && nanos <= 999_999_999
    ? { seconds, nanos }
    : refuse(EXPECTED, `${seconds} seconds and ${nanos} nanoseconds`);
}
