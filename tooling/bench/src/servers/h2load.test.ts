import { describe, expect, it } from "vitest";
import { readH2load } from "./h2load.ts";

const output = `starting benchmark...
finished in 130.21ms, 15360.00 req/s, 1.21MB/s
requests: 2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 2000 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 199.25KB (204032) total, 22.19KB (22720) headers (space savings 91.65%), 138.67KB (142000) data
`;

describe("readH2load", () => {
  it("finds out how long the calls took", () => {
    expect(readH2load(output, { calls: 2_000, replyBytes: 71 })).toBeCloseTo(130_208.3, 1);
  });

  it("fails when a call has had no answer, which h2load takes for a success", () => {
    expect(() => readH2load(output, { calls: 2_001, replyBytes: 71 })).toThrow(
      "2001 calls must be answered with 142071 bytes, got 142000",
    );
  });

  it("fails when h2load says nothing of bytes", () => {
    expect(() => readH2load("", { calls: 1, replyBytes: 71 })).toThrow("got NaN");
  });
});
