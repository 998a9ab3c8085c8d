import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workloadOf } from "../manifests/kinds.ts";
import { helmTemplate } from "../manifests/run-helm.ts";
import { hasHelm, leastValues } from "./chart-variants.ts";

describe.skipIf(!hasHelm())("the time that a pod has to stop", () => {
  // Also whole seconds, of which the sum may be exactly what Kubernetes gives.
  const milliseconds = (max: number): fc.Arbitrary<number> =>
    fc.oneof(
      fc.integer({ min: 0, max }),
      fc.integer({ min: 0, max: max / 1_000 }).map((seconds) => seconds * 1_000),
    );
  const lifecycles = fc.record({
    preStop: fc.constantFrom("sleep", "exec", "none"),
    preStopSeconds: fc.integer({ min: 1, max: 60 }),
    drainDelayMs: milliseconds(30_000),
    graceMs: milliseconds(60_000),
    workers: fc.constantFrom(1, 2),
    // Too little, just enough, and more than that.
    spareSeconds: fc.integer({ min: -1, max: 1 }),
  });

  it("must fit into what Kubernetes gives it, or the sum is told", async () => {
    await fc.assert(
      fc.asyncProperty(lifecycles, async ({ workers, spareSeconds, ...lifecycle }) => {
        const { preStop, preStopSeconds, drainDelayMs, graceMs } = lifecycle;
        const preStopMs = preStop === "none" ? 0 : preStopSeconds * 1_000;
        // With workers, the first process waits for the others.
        const neededMs = preStopMs + drainDelayMs + graceMs + (workers > 1 ? 10_000 : 5_000);
        const needed = Math.ceil(neededMs / 1_000);
        const given = needed + spareSeconds;
        const rendered = helmTemplate({
          set: {
            ...leastValues,
            workers,
            lifecycle: { ...lifecycle, terminationGracePeriodSeconds: given },
          },
        });
        if (spareSeconds < 0) {
          const said = `at least ${needed} \\(.*${preStopMs} ms .*= ${neededMs} ms\\), got ${given}`;
          await expect(rendered).rejects.toThrow(new RegExp(said));
          return;
        }
        const { container, pod } = workloadOf(await rendered);
        expect(pod.spec.terminationGracePeriodSeconds).toBe(given);
        const { sleep, exec } = container.lifecycle?.preStop ?? {};
        expect(sleep?.seconds).toBe(preStop === "sleep" ? preStopSeconds : undefined);
        expect(exec?.command?.[0]).toBe(preStop === "exec" ? "node" : undefined);
        expect(exec?.command?.join(" ") ?? "").toContain(preStop === "exec" ? preStopMs : "");
      }),
      { numRuns: 30 },
    );
  });

  it("is 45 seconds unless the values say otherwise", async () => {
    const { pod } = workloadOf(await helmTemplate({ set: leastValues }));
    expect(pod.spec.terminationGracePeriodSeconds).toBe(45);
  });
});
