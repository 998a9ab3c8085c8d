import fc, { assert, asyncProperty } from "fast-check";
import {
  AggregatorRegistry,
  Counter,
  Gauge,
  Histogram,
  type OpenMetricsContentType,
  Registry,
} from "prom-client";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { samplesIn } from "../../test/metrics-samples.ts";
import { counter, gauge, histogram } from "./registry.ts";

const [labelNames, buckets] = [["method"], [0.1, 1, 10]];
const shapes = {
  count: { name: "calls_total", help: 'All "calls"\nof \\ a server.', labelNames },
  level: { name: "calls_in_flight", help: "Those that run.", labelNames },
  time: { name: "call_seconds", help: "How long they take.", labelNames, buckets },
};
const traceId = "0af7651916cd43dd8448eb211c80319c";

interface Step {
  readonly method: string;
  readonly seconds: number;
  readonly isSampled: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  method: fc.constantFrom("Get", "Put", 'a"b\\c\n'),
  seconds: fc.oneof(fc.constantFrom(0, ...buckets), fc.double({ min: 0, max: 20, noNaN: true })),
  isSampled: fc.boolean(),
});

function openMetrics(): Registry<OpenMetricsContentType> {
  const register = new Registry<OpenMetricsContentType>();
  register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return register;
}

/** Metrics of ours, and the same of prom-client, which have counted the same. */
function twins(isOpen: boolean, steps: readonly Step[]) {
  const [ours, theirs] = isOpen ? [openMetrics(), openMetrics()] : [new Registry(), new Registry()];
  const count = counter(ours, shapes.count);
  const level = gauge(ours, shapes.level);
  const time = histogram(ours, shapes.time);
  const registers = [theirs];
  const promCount = new Counter({ ...shapes.count, registers });
  const promLevel = new Gauge({ ...shapes.level, registers });
  const promTime = new Histogram({ ...shapes.time, registers, enableExemplars: isOpen });
  for (const { method, seconds, isSampled } of steps) {
    const labels = { method };
    count.seriesOf(labels).value += 1;
    level.seriesOf(labels).value += 1;
    promCount.inc(labels);
    promLevel.inc(labels);
    const trace = { traceId, spanId: method, isSampled };
    time.seriesOf(labels).observe(seconds, isOpen ? trace : undefined);
    if (isOpen && isSampled) {
      const exemplarLabels = { trace_id: traceId, span_id: method };
      promTime.observe({ labels, value: seconds, exemplarLabels });
    } else if (isOpen) {
      promTime.observe({ labels, value: seconds });
    } else {
      promTime.observe(labels, seconds);
    }
  }
  return { ours, theirs };
}

type AnyRegistry = ReturnType<typeof twins>["ours"];

/** All that can be read from a registry. */
async function read(register: AnyRegistry): Promise<unknown> {
  const names = Object.values(shapes).map(({ name }) => name);
  const json = await register.getMetricsAsJSON();
  // As a cluster does: each worker sends its own to the primary.
  const sum = AggregatorRegistry.aggregate([json, JSON.parse(JSON.stringify(json))]);
  const all = {
    json,
    sum: await sum.metrics(),
    merged: await Registry.merge([register as Registry]).metrics(),
    text: await register.metrics(),
    single: await Promise.all(names.map((name) => register.getSingleMetricAsString(name))),
    values: await Promise.all(names.map((name) => register.getSingleMetric(name)?.get())),
  };
  // Where there is no exemplar, prom-client has null or undefined.
  return JSON.parse(JSON.stringify(all, (_key, value) => value ?? undefined));
}

describe("Metric", () => {
  it("is exposed in every way as one of prom-client is", async () => {
    // Exemplars have the time.
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    await assert(
      asyncProperty(fc.boolean(), fc.array(step, { maxLength: 20 }), async (isOpen, steps) => {
        const { ours, theirs } = twins(isOpen, steps);
        expect(await read(ours)).toEqual(await read(theirs));
        // What is read once more is the same, whatever prom-client has done to it.
        expect(await read(ours)).toEqual(await read(theirs));
      }),
      { numRuns: 200 },
    );
  });

  it("takes the default labels of its registry, and lets go of them", async () => {
    const { ours } = twins(false, [{ method: "Get", seconds: 1, isSampled: false }]);
    const plain = await ours.getMetricsAsJSON();
    ours.setDefaultLabels({ app: "orders" });
    expect(await ours.metrics()).toContain('calls_total{method="Get",app="orders"} 1');
    const values = (await ours.getMetricsAsJSON()).flatMap((metric) => metric.values);
    expect(values).toHaveLength(8);
    expect(values.every(({ labels: { app } }) => app === "orders")).toBe(true);
    ours.setDefaultLabels({});
    expect(await ours.getMetricsAsJSON()).toEqual(plain);
  });

  it("is 0 once its registry is reset, but for what is in flight", async () => {
    const { ours } = twins(true, [{ method: "Get", seconds: 0.5, isSampled: true }]);
    ours.resetMetrics();
    const text = await ours.metrics();
    expect(text).not.toContain("trace_id");
    const numbers = samplesIn(text).filter(({ value }) => value !== 0);
    expect(numbers).toEqual([{ name: "calls_in_flight", labels: { method: "Get" }, value: 1 }]);
    expect(samplesIn(text)).toHaveLength(8);
  });

  it("is gone once its registry is cleared, which then takes another of that name", async () => {
    const { ours } = twins(false, [{ method: "Get", seconds: 1, isSampled: false }]);
    ours.clear();
    expect(ours.getMetricsAsArray()).toEqual([]);
    counter(ours, shapes.count).seriesOf({ method: "Put" }).value += 1;
    expect(samplesIn(await ours.metrics())).toEqual([
      { name: "calls_total", labels: { method: "Put" }, value: 1 },
    ]);
  });
});
