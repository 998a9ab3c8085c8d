import { expect, it } from "vitest";
import { withSignalOf } from "./with-signal-of.ts";

it("has the signal of the call, and asks for it no sooner than it is asked", () => {
  let asked = 0;
  const { signal } = new AbortController();
  const call = {
    get signal() {
      asked += 1;
      return signal;
    },
  };
  const other = withSignalOf(call, { idempotencyKey: { caller: "ada", key: "k" } });
  expect(other.idempotencyKey).toEqual({ caller: "ada", key: "k" });
  expect(asked).toBe(0);
  expect(other.signal).toBe(signal);
  expect(withSignalOf({}, {}).signal).toBeUndefined();
});
