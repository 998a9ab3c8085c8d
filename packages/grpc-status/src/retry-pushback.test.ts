import { Metadata } from "@grpc/grpc-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryPushbackMs, setRetryPushback } from "./retry-pushback.ts";

const key = "grpc-retry-pushback-ms";

function metadataWith(value: string): Metadata {
  const metadata = new Metadata();
  metadata.set(key, value);
  return metadata;
}

describe("setRetryPushback", () => {
  it.each([
    [0, "0"],
    [0.2, "1"],
    [1_500, "1500"],
    [2 ** 31, "2147483647"],
    [Number.POSITIVE_INFINITY, "-1"],
  ])("%s ms -> %s", (delayMs, value) => {
    const metadata = new Metadata();
    setRetryPushback(metadata, delayMs);
    expect(metadata.get(key)).toEqual([value]);
  });

  it.each([-1, Number.NaN])("refuses %s", (delayMs) => {
    expect(() => setRetryPushback(new Metadata(), delayMs)).toThrow(
      new RangeError(`delayMs must be 0 or more, got ${delayMs}`),
    );
  });
});

describe("retryPushbackMs", () => {
  it.each(["-1", "abc", "", " 5", "1.5", "0x10", "2147483648", "99999999999"])(
    'takes "%s" for a request not to try again',
    (value) => {
      expect(retryPushbackMs(metadataWith(value))).toBe(Number.POSITIVE_INFINITY);
    },
  );

  it("reads what was set", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (delayMs) => {
        const metadata = new Metadata();
        setRetryPushback(metadata, delayMs);
        expect(retryPushbackMs(metadata)).toBe(delayMs);
      }),
    );
  });

  it("knows nothing of a server that says nothing", () => {
    expect(retryPushbackMs(new Metadata())).toBeUndefined();
  });
});
