import { describe, expect, it } from "vitest";
import { shareRuns } from "./share-runs.ts";

describe("shareRuns", () => {
  it("runs once for those who call meanwhile, and anew for the next", async () => {
    let runs = 0;
    const shared = shareRuns(5_000, async () => ++runs);
    expect(await Promise.all([shared(), shared(), shared()])).toEqual([1, 1, 1]);
    expect(await shared()).toBe(2);
  });

  it("gives a failure to all who wait, and forgets it", async () => {
    let runs = 0;
    const shared = shareRuns(5_000, async () => {
      runs += 1;
      if (runs === 1) {
        throw new Error("broken");
      }
      return runs;
    });
    const failed = await Promise.allSettled([shared(), shared()]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await shared()).toBe(2);
  });

  it("gives up a run that takes too long, and not one that may take for ever", async () => {
    const hanging = shareRuns(10, () => new Promise(() => {}));
    await expect(hanging()).rejects.toThrow("no answer after 10 ms");
    await expect(hanging()).rejects.toThrow("no answer after 10 ms");
    const patient = shareRuns(
      2 ** 31,
      () => new Promise((resolve) => setTimeout(resolve, 50, "late")),
    );
    expect(await patient()).toBe("late");
  });
});
