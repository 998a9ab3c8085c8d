import { describe, expect, it } from "vitest";
import { createHedgeThrottles } from "./hedge-throttle.ts";

describe("createHedgeThrottles", () => {
  it("allows copies while more than half of the tokens are left", () => {
    const throttle = createHedgeThrottles({ maxTokens: 10, tokenRatio: 0.5 }).throttleOf("a");
    for (let failures = 0; failures < 5; failures += 1) {
      expect(throttle?.mayHedge).toBe(true);
      throttle?.onFailure();
    }
    expect(throttle?.mayHedge).toBe(false);
    throttle?.onSuccess();
    expect(throttle?.mayHedge).toBe(true);
  });

  it("owes no more than all tokens, and keeps no more than all", () => {
    const throttle = createHedgeThrottles({ maxTokens: 2, tokenRatio: 1 }).throttleOf("a");
    for (let calls = 0; calls < 100; calls += 1) {
      throttle?.onFailure();
    }
    throttle?.onSuccess();
    expect(throttle?.mayHedge).toBe(false);
    for (let calls = 0; calls < 100; calls += 1) {
      throttle?.onSuccess();
    }
    throttle?.onFailure();
    expect(throttle?.mayHedge).toBe(false);
  });

  it("counts for each target alone", () => {
    const { throttleOf } = createHedgeThrottles({ maxTokens: 1, tokenRatio: 0.1 });
    throttleOf("a")?.onFailure();
    expect(throttleOf("a")?.mayHedge).toBe(false);
    expect(throttleOf("b")?.mayHedge).toBe(true);
  });

  it("has none where retries never stop", () => {
    expect(createHedgeThrottles(undefined).throttleOf("a")).toBeUndefined();
  });
});
