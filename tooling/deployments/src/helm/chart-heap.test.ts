import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workloadOf } from "../manifests/kinds.ts";
import { helmTemplate } from "../manifests/run-helm.ts";
import { hasHelm, leastValues } from "./chart-variants.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const units = { "": 1, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 } as const;

describe.skipIf(!hasHelm())("the heap", () => {
  it("is three quarters of the memory limit, shared out among the workers", async () => {
    const unit = fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[]));
    const bytes = fc.integer({ min: 300 * 2 ** 20, max: 16 * 2 ** 30 });
    await fc.assert(
      fc.asyncProperty(
        unit,
        bytes,
        fc.integer({ min: 1, max: 3 }),
        async (unit, bytes, workers) => {
          const amount = Math.ceil(bytes / units[unit]);
          const heap = await heapOf({ memory: `${amount}${unit}`, workers });
          const share = (amount * units[unit] * 0.75) / workers / 2 ** 20;
          expect(heap).toBeLessThanOrEqual(share);
          expect(heap).toBeGreaterThan(share - 1.1);
        },
      ),
      { numRuns: 15 },
    );
  });

  it.each([
    ["512Mi", 384],
    ["1Gi", 768],
    ["1.5Gi", 1_152],
    ["1G", 715],
    ["536870912", 384],
    [536_870_912, 384],
    [4_294_967_296, 3_072],
  ])("of %s is %d MiB", async (memory, heap) => {
    expect(await heapOf({ memory, workers: 1 })).toBe(heap);
  });

  it("is what Node.js says without a limit, and options of the user's are kept", async () => {
    const limited = await nodeOptionsOf({ nodeOptions: "--trace-warnings" });
    expect(limited).toBe("--max-old-space-size=384 --trace-warnings");
    const options = await nodeOptionsOf({ resources: { limits: null } });
    expect(options ?? "").not.toContain("--max-old-space-size");
  });

  it("must be enough for a process", async () => {
    await expect(heapOf({ memory: "128Mi", workers: 2 })).rejects.toThrow(
      /resources.limits.memory must .* 64 MiB.* got 128Mi/,
    );
  });
});

async function heapOf(given: {
  readonly memory: string | number;
  readonly workers: number;
}): Promise<number> {
  const { memory, workers } = given;
  const options = await nodeOptionsOf({
    workers,
    resources: { limits: { memory } },
    lifecycle: { terminationGracePeriodSeconds: 60 },
  });
  return Number(/--max-old-space-size=(\d+)/.exec(options ?? "")?.[1]);
}

async function nodeOptionsOf(values: object): Promise<string | undefined> {
  const { container } = workloadOf(await helmTemplate({ set: { ...leastValues, ...values } }));
  return container.env?.find(({ name }) => name === "NODE_OPTIONS")?.value;
}
