import { status } from "@grpc/grpc-js";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toMethod } from "../method.ts";
import type { CallHook, CallOutcome, InterceptedCall } from "./call-hook.ts";
import { concurrencyLimit } from "./concurrency-limit.ts";
import { hooksOf } from "./server-interceptor.ts";

const method = toMethod(FixtureServiceService.unary);

/** A limit of 8 by the clock of the test. */
function limitOf8() {
  const limit = concurrencyLimit({ max: 8, maxEventLoopDelayMs: Number.POSITIVE_INFINITY });
  const [hook] = hooksOf(limit) ?? [];
  const enter = (leftMs: number): CallHook =>
    hook?.({ method, deadline: Date.now() + leftMs } as InterceptedCall) as CallHook;
  const leave = (entered: CallHook, code: status) =>
    entered.onEnd?.({ code, endedAt: performance.now() } as CallOutcome);
  /** Runs so many calls, one after the other. */
  const run = (calls: number, durationMs: number, code: status = status.OK) => {
    for (let call = 0; call < calls; call += 1) {
      const entered = enter(10_000);
      entered.onMessage?.({});
      vi.advanceTimersByTime(durationMs);
      leave(entered, code);
    }
  };
  /** Of so many calls with so little time, how many are let in. */
  const admitted = (calls: number, leftMs: number) => {
    let count = 0;
    for (let call = 0; call < calls; call += 1) {
      try {
        leave(enter(leftMs), status.CANCELLED);
        count += 1;
      } catch {
        // It is counted by the limit.
      }
    }
    return count;
  };
  return { limit, enter, run, admitted };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("concurrencyLimit and deadlines", () => {
  it("L26 refuses what cannot be done in time while it is busy, but for one in ten", () => {
    const { limit, enter, run, admitted } = limitOf8();
    run(200, 100);
    expect(admitted(20, 50)).toBe(20);
    for (let call = 0; call < 4; call += 1) {
      enter(10_000);
    }
    expect(admitted(20, 50)).toBe(2);
    expect(admitted(20, 150)).toBe(20);
    expect(limit.stats().refused).toEqual({ limit: 0, event_loop: 0, deadline: 18 });
    expect(() => enter(50)).toThrow("DEADLINE_EXCEEDED: the deadline is too near for this method");
  });

  it("refuses a call whose time is over, busy or not", () => {
    const { admitted } = limitOf8();
    expect([admitted(1, 0), admitted(1, -5), admitted(1, 5)]).toEqual([0, 0, 1]);
  });

  it("takes failures for no sign of speed, and deadlines for one of slowness", () => {
    const { enter, run, admitted } = limitOf8();
    run(200, 100, status.DEADLINE_EXCEEDED);
    run(500, 1, status.INVALID_ARGUMENT);
    for (let call = 0; call < 4; call += 1) {
      enter(10_000);
    }
    expect(admitted(9, 50)).toBe(0);
  });

  it("knows a method that has become faster", () => {
    const { enter, run, admitted } = limitOf8();
    run(200, 100);
    for (let call = 0; call < 4; call += 1) {
      enter(10_000);
    }
    run(100, 5);
    expect(admitted(20, 50)).toBe(20);
  });

  it("measures from the request to the status", () => {
    const { enter, admitted } = limitOf8();
    for (let call = 0; call < 100; call += 1) {
      const entered = enter(10_000);
      vi.advanceTimersByTime(1_000);
      entered.onMessage?.({});
      vi.advanceTimersByTime(10);
      entered.onSendStatus?.({ code: status.OK, details: "", metadata: null });
      vi.advanceTimersByTime(1_000);
      entered.onEnd?.({ code: status.OK, endedAt: performance.now() } as CallOutcome);
    }
    for (let call = 0; call < 4; call += 1) {
      enter(10_000);
    }
    expect(admitted(9, 50)).toBe(9);
  });

  it("has no timer without the event loop, and none before there are calls", () => {
    const { enter } = limitOf8();
    enter(1_000);
    expect(vi.getTimerCount()).toBe(0);
    const watched = concurrencyLimit({ max: 8 });
    expect(vi.getTimerCount()).toBe(0);
    hooksOf(watched)?.[0]?.({ method, deadline: Date.now() + 1_000 } as InterceptedCall);
    expect(vi.getTimerCount()).toBe(1);
    watched.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
