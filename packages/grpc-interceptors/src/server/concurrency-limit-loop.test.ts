import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { LoopPressure } from "./concurrency-limit-loop.ts";

function watch(maxDelayMs: number, everyMs: number): LoopPressure {
  const pressure = new LoopPressure(maxDelayMs, everyMs);
  onTestFinished(() => pressure.close());
  return pressure;
}

async function stall(ms: number): Promise<void> {
  const until = performance.now() + ms;
  while (performance.now() < until) {}
  // Until the timer of what watches has fired.
  await delay(25);
}

describe("LoopPressure", () => {
  it("F2 uses less and less while the loop is late, and all of it again afterwards", async () => {
    const pressure = watch(100, 250);
    expect(pressure.share).toBe(1);
    for (const most of [1 / 2, 1 / 4, 1 / 8]) {
      await stall(300);
      expect(pressure.share).toBeLessThanOrEqual(most);
      expect(pressure.delayMs).toBeGreaterThan(100);
    }
    await expect.poll(() => pressure.share, { timeout: 15_000 }).toBe(1);
  });

  it("always leaves a share", async () => {
    const pressure = watch(10, 60);
    for (let round = 0; round < 10; round += 1) {
      await stall(70);
    }
    expect(pressure.share).toBe(1 / 64);
  });

  it("ends its timer", async () => {
    const pressure = new LoopPressure(1, 1);
    pressure.close();
    await stall(60);
    expect(pressure.share).toBe(1);
  });
});
