import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { Harness } from "../harness/harness.ts";
import { fuzz } from "./fuzz.ts";
import { mutated } from "./mutations.ts";

const harness: Harness = {
  isQuick: true,
  service: () => Promise.reject(new Error("no service is needed")),
  victim: () => Promise.reject(new Error("no victim is needed")),
  onEnd: () => {},
  progress: () => {},
};
const numbers = { cases: fc.nat(1_000_000), quickRuns: 320, wholeRuns: 0 };

describe("fuzz", () => {
  it("sends as many cases as it is told, several at once", async () => {
    let running = 0;
    let most = 0;
    const check = async (): Promise<undefined> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return undefined;
    };
    const result = await fuzz(harness, { ...numbers, check });
    expect(result).toMatchObject({ runs: 320, misses: [] });
    expect(most).toBe(16);
  });

  it("tells the smallest case that is wrong, and the seed that makes it again", async () => {
    const check = async (n: number): Promise<string | undefined> =>
      n < 1_000 ? undefined : "too large";
    const { seed, misses } = await fuzz(harness, { ...numbers, check });
    expect(misses).toEqual([`too large: 1000 (again with FAULTS_SEED=${seed})`]);
    vi.stubEnv("FAULTS_SEED", String(seed));
    const again = await fuzz(harness, { ...numbers, check });
    vi.unstubAllEnvs();
    expect(again).toMatchObject({ seed, misses });
  });

  it("tells a check that throws", async () => {
    const check = () => Promise.reject(new Error("no answer"));
    const { misses } = await fuzz(harness, { ...numbers, check });
    expect(misses).toEqual([expect.stringContaining("no answer")]);
  });

  it.each(["0", "x", "1.5"])("refuses FAULTS_SEED=%s", async (seed) => {
    vi.stubEnv("FAULTS_SEED", seed);
    const run = fuzz(harness, { ...numbers, check: async () => undefined });
    await expect(run).rejects.toThrow(`FAULTS_SEED must be an integer of 1 or more, got ${seed}`);
    vi.unstubAllEnvs();
  });
});

describe("mutated", () => {
  it("changes nearly every time, and never what it was given", () => {
    const valid = Buffer.from("a request that is in order");
    const made = fc.sample(mutated(fc.constant(valid)), 1_000);
    expect(valid.toString()).toBe("a request that is in order");
    expect(made.filter((bytes) => !bytes.equals(valid)).length).toBeGreaterThan(800);
    expect(new Set(made.map((bytes) => bytes.byteLength)).size).toBeGreaterThan(10);
  });
});
