import { ValidationError } from "@grpc-kit/grpc-status/errors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { thrownBy } from "../test/thrown-by.ts";
import {
  duration,
  durationAsMs,
  type SecondsAndNanos,
  timestamp,
  timestampAsDate,
  timestampAsNanoseconds,
} from "./index.ts";

const first = { seconds: -62_135_596_800n, nanos: 0 };
const last = { seconds: 253_402_300_799n, nanos: 999_999_999 };

const badTimestamps: readonly SecondsAndNanos[] = [
  { seconds: first.seconds - 1n, nanos: 999_999_999 },
  { seconds: last.seconds + 1n, nanos: 0 },
  { seconds: 2n ** 63n - 1n, nanos: 0 },
  { seconds: 0n, nanos: -1 },
  { seconds: 0n, nanos: 1_000_000_000 },
  { seconds: 0n, nanos: 0.5 },
  { seconds: 0n, nanos: Number.NaN },
];

const anyTimestamp = fc.record({
  seconds: fc.bigInt({ min: first.seconds, max: last.seconds }),
  nanos: fc.nat(999_999_999),
});

const longest = { seconds: 315_576_000_000n, nanos: 999_999_999 };

function negative({ seconds, nanos }: SecondsAndNanos): SecondsAndNanos {
  return { seconds: -seconds, nanos: 0 - nanos };
}

describe("timestamp", () => {
  it.each([first, last, { seconds: 0n, nanos: 1 }])("takes %o both ways", (value) => {
    expect(timestamp.toProto(value)).toEqual(value);
    expect(timestamp.fromProto(value)).toEqual(value);
  });

  it.each(badTimestamps)("is refused by all: $seconds s, $nanos ns", (value) => {
    for (const run of [
      () => timestamp.toProto(value),
      () => timestamp.fromProto(value),
      () => timestampAsDate.fromProto(value),
      () => timestampAsNanoseconds.fromProto(value),
    ]) {
      expect(thrownBy(run)).toBeInstanceOf(ValidationError);
    }
  });

  it("has to be there", () => {
    for (const { fromProto } of [timestampAsDate, timestampAsNanoseconds]) {
      expect(() => fromProto(undefined)).toThrow("must be present, got none");
    }
    expect(() => timestamp.fromProto(undefined)).toThrow("must be present, got none");
  });
});

describe("timestampAsDate", () => {
  it("counts nanoseconds forwards before 1970 too", () => {
    const wire = { seconds: -2n, nanos: 999_000_000 };
    expect(timestampAsDate.toProto(new Date(-1_001))).toEqual(wire);
    expect(timestampAsDate.fromProto(wire)).toEqual(new Date(-1_001));
  });

  it("cuts off what is less than a millisecond, towards the past", () => {
    expect(timestampAsDate.fromProto({ seconds: -1n, nanos: 999_999_999 })).toEqual(new Date(-1));
    expect(timestampAsDate.fromProto({ seconds: 0n, nanos: 1_999_999 })).toEqual(new Date(1));
  });

  it("takes the first and the last millisecond, and refuses those beside", () => {
    const [min, max] = [Date.parse("0001-01-01T00:00:00Z"), Date.parse("9999-12-31T23:59:59.999Z")];
    expect(timestampAsDate.toProto(new Date(min))).toEqual(first);
    expect(timestampAsDate.toProto(new Date(max))).toEqual({ ...last, nanos: 999_000_000 });
    for (const ms of [min - 1, max + 1, Number.NaN]) {
      expect(thrownBy(() => timestampAsDate.toProto(new Date(ms)))).toBeInstanceOf(ValidationError);
    }
  });

  it("gives back every Date", () => {
    const dates = fc.date({
      min: timestampAsDate.fromProto(first),
      max: timestampAsDate.fromProto(last),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (date) => {
        expect(timestampAsDate.fromProto(timestampAsDate.toProto(date))).toEqual(date);
      }),
    );
  });
});

describe("timestampAsNanoseconds", () => {
  it("gives back every timestamp, and counts from 1970", () => {
    fc.assert(
      fc.property(anyTimestamp, (wire) => {
        const nanoseconds = timestampAsNanoseconds.fromProto(wire);
        expect(timestampAsNanoseconds.toProto(nanoseconds)).toEqual(wire);
        const ms = timestampAsDate.fromProto(wire).getTime();
        expect(nanoseconds / 1_000_000n - BigInt(ms)).toBeOneOf([0n, 1n]);
      }),
    );
    expect(timestampAsNanoseconds.fromProto({ seconds: -1n, nanos: 1 })).toBe(-999_999_999n);
  });

  it("refuses what no timestamp is", () => {
    const end = timestampAsNanoseconds.fromProto(last) + 1n;
    expect(thrownBy(() => timestampAsNanoseconds.toProto(end))).toBeInstanceOf(ValidationError);
  });
});

describe("duration", () => {
  it.each([longest, negative(longest), { seconds: 0n, nanos: -5 }, { seconds: 0n, nanos: 0 }])(
    "takes %o both ways",
    (value) => {
      expect(duration.toProto(value)).toEqual(value);
      expect(duration.fromProto(value)).toEqual(value);
    },
  );

  it.each([
    undefined,
    { seconds: longest.seconds + 1n, nanos: 0 },
    { seconds: -longest.seconds - 1n, nanos: 0 },
    { seconds: 1n, nanos: -1 },
    { seconds: -1n, nanos: 1 },
    { seconds: 0n, nanos: 1_000_000_000 },
    { seconds: 0n, nanos: 0.5 },
  ])("refuses %o", (value) => {
    expect(thrownBy(() => duration.fromProto(value))).toBeInstanceOf(ValidationError);
    expect(thrownBy(() => durationAsMs.fromProto(value))).toBeInstanceOf(ValidationError);
  });
});

describe("durationAsMs", () => {
  it.each([
    [0, 0n, 0],
    [-0, 0n, 0],
    [1.5, 0n, 1_500_000],
    [-1_500, -1n, -500_000_000],
    [0.000001, 0n, 1],
    [999.9999999, 1n, 0],
    [-999.9999999, -1n, 0],
  ])("writes %d ms", (ms, seconds, nanos) => {
    expect(durationAsMs.toProto(ms)).toEqual({ seconds, nanos });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 315_576_000_001_000])("refuses %d", (ms) => {
    expect(thrownBy(() => durationAsMs.toProto(ms))).toBeInstanceOf(ValidationError);
  });

  it("gives back every nanosecond of 49 days", () => {
    const wires = fc.record({ seconds: fc.bigInt(0n, 4_233_599n), nanos: fc.nat(999_999_999) });
    fc.assert(
      fc.property(wires, fc.boolean(), (wire, isNegative) => {
        const value = isNegative ? negative(wire) : wire;
        expect(durationAsMs.toProto(durationAsMs.fromProto(value))).toEqual(value);
      }),
      { numRuns: 1_000 },
    );
  });

  it("writes a valid duration for any finite number in range", () => {
    const limit = 315_576_000_000_000;
    fc.assert(
      fc.property(fc.double({ min: -limit, max: limit, noNaN: true }), (ms) => {
        const wire = durationAsMs.toProto(ms);
        expect(duration.fromProto(wire)).toEqual(wire);
        expect(Math.abs(durationAsMs.fromProto(wire) - ms)).toBeLessThan(0.04);
      }),
    );
  });
});
