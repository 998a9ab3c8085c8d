import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import type { MetricsJson } from "../metrics-json.ts";
import { createStatusReader, type StatusSource } from "./status-snapshot.ts";

type AnyRegistry = Registry | Registry<OpenMetricsContentType>;

const labels = { grpc_type: "unary", grpc_service: "shop.Shop", grpc_method: "Buy" };

function metricsIn(registry: AnyRegistry, side: "server" | "client") {
  const registers = [registry as Registry];
  const labelNames = Object.keys(labels);
  const help = "Calls.";
  return {
    started: new Counter({ name: `grpc_${side}_started_total`, help, labelNames, registers }),
    handled: new Counter({
      name: `grpc_${side}_handled_total`,
      help,
      labelNames: [...labelNames, "grpc_code"],
      registers,
    }),
    seconds: new Histogram({
      name: `grpc_${side}_handling_seconds`,
      help,
      labelNames,
      registers,
      buckets: [0.1, 1],
    }),
    inFlight: new Gauge({
      name: `grpckit_${side}_calls_in_flight`,
      help,
      labelNames,
      registers,
    }),
  };
}

function gaugeIn(registry: Registry, name: string, labelNames: string[] = []): Gauge {
  return new Gauge({ name, help: "Gauge.", labelNames, registers: [registry] });
}

function reader(registry: AnyRegistry, more: Partial<StatusSource> = {}) {
  let nowMs = 0;
  const read = createStatusReader(
    {
      title: "shop",
      refreshMs: 1_000,
      isReady: async () => true,
      readMetrics: async () => (await registry.getMetricsAsJSON()) as unknown as MetricsJson,
      ...more,
    },
    () => nowMs,
  );
  return (atMs: number) => {
    nowMs = atMs;
    return read();
  };
}

describe("createStatusReader", () => {
  it("tells nothing of what no metric tells", async () => {
    const { uptimeSeconds, ...rest } = await reader(new Registry())(0);
    expect(uptimeSeconds).toBeGreaterThan(0);
    expect(rest).toEqual({
      ...{ title: "shop", isReady: true, refreshMs: 1_000, server: null, client: null },
      ...{ dependencies: [], circuits: [], workers: [], pool: null },
    });
  });

  it.each([
    ["Prometheus", Registry.PROMETHEUS_CONTENT_TYPE],
    ["OpenMetrics", Registry.OPENMETRICS_CONTENT_TYPE],
  ])("reads the calls of both sides from a registry for %s", async (_format, contentType) => {
    const registry = new Registry() as AnyRegistry;
    (registry as Registry<OpenMetricsContentType>).setContentType(contentType as never);
    const sides = ["server", "client"] as const;
    const metrics = sides.map((side) => metricsIn(registry, side));
    const readAt = reader(registry);
    await readAt(0);
    for (const { started, handled, seconds, inFlight } of metrics) {
      started.inc(labels, 4);
      inFlight.set(labels, 1);
      handled.inc({ ...labels, grpc_code: "OK" }, 2);
      handled.inc({ ...labels, grpc_code: "NotFound" });
      for (const value of [0.05, 0.05, 5]) {
        seconds.observe(labels, value);
      }
    }
    // It takes the names of counters as the registry writes them, before and after that.
    await registry.metrics();
    const snapshot = await readAt(2_000);
    for (const side of sides) {
      const facts = {
        callsPerSecond: 2,
        history: [2],
        inFlight: 1,
        latency: { p50: expect.closeTo(0.075), p95: 1, p99: 1, bound: 1 },
        codes: [
          { code: "NotFound", isServerFault: false, total: 1, recent: 1 },
          { code: "OK", isServerFault: false, total: 2, recent: 2 },
        ],
      };
      const method = { service: "shop.Shop", method: "Buy", type: "unary", started: 4, ...facts };
      expect(snapshot[side]).toEqual({ total: facts, methods: [method] });
    }
  });

  it("reads dependencies, circuits, workers and their pool", async () => {
    const registry = new Registry();
    const healthy = gaugeIn(registry, "grpc_kit_dependency_healthy", ["dependency"]);
    healthy.set({ dependency: "database" }, 1);
    healthy.set({ dependency: "__proto__" }, 0);
    const circuit = gaugeIn(registry, "grpc_kit_circuit_open", ["target", "method"]);
    for (const value of [0, 0.5, 1]) {
      circuit.set({ target: `stock-${value}`, method: "/stock.Stock/Take" }, value);
    }
    gaugeIn(registry, "grpc_kit_worker_resident_memory_bytes", ["pid"]).set({ pid: 7 }, 1_000);
    gaugeIn(registry, "grpc_kit_worker_uptime_seconds", ["pid"]).set({ pid: 7 }, 60);
    gaugeIn(registry, "grpc_kit_workers_running").set(2);
    gaugeIn(registry, "grpc_kit_workers_ready").set(1);
    gaugeIn(registry, "grpc_kit_workers_unanswered").set(0);
    new Counter({
      name: "grpc_kit_worker_restarts_total",
      help: "Restarts.",
      labelNames: ["cause"],
      registers: [registry],
    }).inc({ cause: "crash" }, 3);
    expect(await reader(registry)(0)).toMatchObject({
      dependencies: [
        { name: "database", isHealthy: true },
        { name: "__proto__", isHealthy: false },
      ],
      circuits: [
        { target: "stock-0", method: "/stock.Stock/Take", state: "closed" },
        { target: "stock-0.5", method: "/stock.Stock/Take", state: "half-open" },
        { target: "stock-1", method: "/stock.Stock/Take", state: "open" },
      ],
      workers: [{ pid: "7", memoryBytes: 1_000, eventLoopDelaySeconds: null, uptimeSeconds: 60 }],
      pool: { running: 2, ready: 1, unanswered: 0, restarts: [{ cause: "crash", count: 3 }] },
    });
  });

  it("takes one look for several pages", async () => {
    let looks = 0;
    const registry = new Registry();
    const readAt = reader(registry, {
      async readMetrics() {
        looks += 1;
        return [];
      },
    });
    const first = await readAt(0);
    expect(await readAt(499)).toBe(first);
    expect(looks).toBe(1);
    expect(await readAt(500)).not.toBe(first);
    expect(looks).toBe(2);
  });
});
