import type { Converter } from "./converter.ts";
import { agree, type SecondsAndNanos } from "./seconds-and-nanos.ts";
import { refuse, show } from "./violation.ts";

// The range of the type: https://protobuf.dev/reference/protobuf/google.protobuf/#duration
const EXPECTED = "a duration within ±315576000000 seconds, with nanoseconds of the same sign";
const SECONDS_MAX = 315_576_000_000;

/** A google.protobuf.Duration as it is, to the nanosecond. It must be present and in range. */
export const duration: Converter<SecondsAndNanos, SecondsAndNanos, SecondsAndNanos | undefined> = {
  toProto: check,
  fromProto: check,
};

/**
 * Milliseconds as a number, whose fraction is rounded to the nanosecond. Up to 49 days each
 * nanosecond is kept; beyond, a number has no place for all.
 */
export const durationAsMs: Converter<number, SecondsAndNanos, SecondsAndNanos | undefined> = {
  toProto: (ms) => {
    if (!Number.isFinite(ms)) {
      refuse("a finite number of milliseconds", show(ms));
    }
    const seconds = Math.trunc(ms / 1_000);
    const nanos = Math.round((ms % 1_000) * 1_000_000);
    // Rounding may fill up the second.
    const carry = Math.trunc(nanos / 1_000_000_000);
    // Adding 0 makes 0 of -0.
    return check({
      seconds: BigInt(seconds + carry),
      nanos: nanos - carry * 1_000_000_000 + 0,
    });
  },
  fromProto: (wire) => {
    const { seconds, nanos } = check(wire);
    return Number(seconds) * 1_000 + nanos / 1_000_000;
  },
};

function check(wire: SecondsAndNanos | undefined): SecondsAndNanos {
  if (wire === undefined) {
    return refuse("present", "none");
  }
  const { seconds, nanos } = wire;
  return seconds >= -SECONDS_MAX && seconds <= SECONDS_MAX && agree(seconds, nanos)
    ? { seconds, nanos }
    : refuse(EXPECTED, `${seconds} seconds and ${nanos} nanoseconds`);
}
