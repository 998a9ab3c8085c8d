import { status } from "@grpc/grpc-js";
import { findDetail } from "@grpc-kit/grpc-status";
import { describe, expect, it, vi } from "vitest";
import { check, checkError, list, serveHealth, watch } from "../test/serve-health.ts";
import type { HealthOptions } from "./health-options.ts";
import { createHealthService } from "./health-service.ts";
import type { StatusChange } from "./status-change.ts";

// One round of checks for each `start`.
const intervalMs = 3_600_000;

describe("Check", () => {
  it("is NOT_SERVING for the whole server until it is started", async () => {
    const { health, client } = await serveHealth();
    expect(await check(client, "")).toBe("NOT_SERVING");
    expect(await check(client, "readiness")).toBe("NOT_SERVING");
    expect(await check(client, "startup")).toBe("NOT_SERVING");
    expect(await check(client, "liveness")).toBe("SERVING");
    await health.start();
    expect(await list(client)).toEqual({
      "": "SERVING",
      liveness: "SERVING",
      readiness: "SERVING",
      startup: "SERVING",
    });
  });

  it("fails with NOT_FOUND for an unknown service, whose name it does not repeat", async () => {
    const { client } = await serveHealth();
    for (const service of ["shop", "*", "__proto__", "constructor"]) {
      const error = await checkError(client, service);
      expect(error).toMatchObject({ code: status.NOT_FOUND, details: "unknown service" });
    }
  });

  it("is SERVING only when each critical dependency has passed (G8)", async () => {
    const { promise: connected, resolve: connect } = Promise.withResolvers<void>();
    const { health, client } = await serveHealth({
      dependencyChecks: {
        cache: { check: () => false, critical: false },
        database: () => connected,
        queue: () => {},
      },
    });
    const started = health.start();
    await expect.poll(() => health.getStatus("readiness")).toBe("NOT_SERVING");
    expect(await check(client, "")).toBe("NOT_SERVING");
    connect();
    await started;
    expect(await check(client, "")).toBe("SERVING");
  });

  it("follows the dependencies that a service names, and is UNKNOWN before they are checked", async () => {
    const { health, client } = await serveHealth({
      dependencyChecks: {
        database: () => {},
        queue: { check: () => Promise.reject(new Error("no queue")), critical: false },
      },
      services: { Items: ["database"], Orders: ["database", "queue"], All: true, None: [] },
    });
    expect(await list(client)).toMatchObject({ Items: "UNKNOWN", Orders: "UNKNOWN" });
    expect(await list(client)).toMatchObject({ All: "UNKNOWN", None: "SERVING" });
    await health.start();
    expect(await list(client)).toMatchObject({ Items: "SERVING", Orders: "NOT_SERVING" });
    expect(await list(client)).toMatchObject({ All: "SERVING", "": "SERVING" });
  });

  it("leaves liveness and startup as they are when a dependency fails", async () => {
    let isUp = true;
    const { health, client } = await serveHealth({
      dependencyChecks: { database: { check: () => isUp, intervalMs, failuresToTrip: 1 } },
    });
    await health.start();
    isUp = false;
    health.stop();
    await health.start();
    expect(await list(client)).toEqual({
      "": "NOT_SERVING",
      liveness: "SERVING",
      readiness: "NOT_SERVING",
      startup: "SERVING",
    });
  });

  it("refuses names of more than 256 characters, and so does Watch", async () => {
    const { health, client } = await serveHealth();
    expect(await checkError(client, "x".repeat(256))).toMatchObject({ code: status.NOT_FOUND });
    const error = await checkError(client, "x".repeat(257));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(findDetail(error, "badRequest")?.fieldViolations[0]?.field).toBe("service");
    const { code } = await watch(client, "x".repeat(257)).status;
    expect(code).toBe(status.INVALID_ARGUMENT);
    expect(health.watcherCount).toBe(0);
  });
});

describe("List", () => {
  it("names up to 100 services, and fails with RESOURCE_EXHAUSTED when there are more", async () => {
    const { health, client } = await serveHealth();
    for (let i = 0; i < 96; i++) {
      health.setStatus(`service-${i}`, "SERVING");
    }
    expect(Object.keys(await list(client))).toHaveLength(100);
    health.setStatus("one-more", "SERVING");
    await expect(list(client)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });
});

describe("setStatus", () => {
  it("goes over what dependencies say, until clearStatus", async () => {
    const { health, client } = await serveHealth({ dependencyChecks: { database: () => {} } });
    health.setStatus("", "NOT_SERVING");
    await health.start();
    expect(await list(client)).toMatchObject({ "": "NOT_SERVING", readiness: "SERVING" });
    health.clearStatus("");
    expect(await check(client, "")).toBe("SERVING");
    health.setStatus("liveness", "NOT_SERVING");
    expect(await check(client, "liveness")).toBe("NOT_SERVING");
    health.setStatus("jobs", "UNKNOWN");
    expect(await check(client, "jobs")).toBe("UNKNOWN");
    health.clearStatus("jobs");
    expect(await checkError(client, "jobs")).toMatchObject({ code: status.NOT_FOUND });
  });

  it("refuses what is no status of a service", () => {
    const health = createHealthService();
    expect(() => health.setStatus("x", "SERVICE_UNKNOWN" as "SERVING")).toThrow(TypeError);
    expect(() => health.setStatus("x".repeat(257), "SERVING")).toThrow(RangeError);
  });
});

describe("shutdown", () => {
  it("is latched: what is set or found later shows after resume", async () => {
    let isUp = true;
    const { health, client } = await serveHealth({
      dependencyChecks: { database: { check: () => isUp, intervalMs, failuresToTrip: 1 } },
    });
    await health.start();
    health.shutdown();
    health.shutdown();
    health.setStatus("", "SERVING");
    health.setStatus("late", "SERVING");
    isUp = false;
    health.stop();
    await health.start();
    expect(await list(client)).toEqual({
      "": "NOT_SERVING",
      late: "NOT_SERVING",
      liveness: "SERVING",
      readiness: "NOT_SERVING",
      startup: "NOT_SERVING",
    });
    health.resume();
    expect(await list(client)).toEqual({
      "": "SERVING",
      late: "SERVING",
      liveness: "SERVING",
      readiness: "NOT_SERVING",
      startup: "SERVING",
    });
  });

  it("lets a server with watchers stop, and disposal does the same", async () => {
    const { health, server, client } = await serveHealth();
    await health.start();
    const watches = ["", "liveness", "nobody"].map((service) => watch(client, service));
    await expect.poll(() => watches.every(({ events }) => events.length === 1)).toBe(true);
    await health[Symbol.asyncDispose]();
    await new Promise<void>((resolve, reject) => {
      server.tryShutdown((error) => (error ? reject(error) : resolve()));
    });
    await Promise.all(watches.map((watched) => watched.status));
    expect(watches.map(({ events }) => events)).toEqual([
      ["SERVING", "NOT_SERVING", "ended 0"],
      ["SERVING", "ended 0"],
      ["SERVICE_UNKNOWN", "ended 0"],
    ]);
  });
});

describe("onStatusChange", () => {
  it("tells of services and dependencies, with the error", async () => {
    const changes: StatusChange[] = [];
    const error = new Error("connection refused");
    const { health } = await serveHealth({
      dependencyChecks: { database: () => Promise.reject(error), queue: () => {} },
      services: { Orders: ["queue"] },
      onStatusChange: (change) => changes.push(change),
    });
    await health.start();
    expect(changes).toEqual([
      { kind: "dependency", name: "database", from: "UNKNOWN", to: "UNHEALTHY", error },
      { kind: "dependency", name: "queue", from: "UNKNOWN", to: "HEALTHY", error: undefined },
      { kind: "service", name: "Orders", from: "UNKNOWN", to: "SERVING" },
    ]);
  });

  it.each([
    [
      "throws",
      (): void => {
        throw new Error("no disk");
      },
    ],
    ["rejects", async (): Promise<void> => Promise.reject(new Error("no disk"))],
  ])("changes nothing when it %s", async (_what, onStatusChange) => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const health = createHealthService({
      dependencyChecks: { database: () => {} },
      onStatusChange,
    });
    await health.start();
    health.stop();
    const text = expect.stringContaining("onStatusChange has thrown: Error: no disk");
    await expect.poll(() => write.mock.calls).toContainEqual([text]);
    expect(health.getStatus("")).toBe("SERVING");
  });
});

describe("start", () => {
  it("may be called again, and runs each check once", async () => {
    let runs = 0;
    const health = createHealthService({ dependencyChecks: { database: () => void runs++ } });
    await Promise.all([health.start(), health.start()]);
    await health.start();
    health.stop();
    expect(runs).toBe(1);
  });
});

describe("createHealthService", () => {
  it.each([
    [
      { services: { Items: ["databse"] } },
      "services[\"Items\"] must name dependencyChecks, got 'databse'",
    ],
    [
      { services: { Items: "database" } },
      "services[\"Items\"] must be an array of names or true, got 'database'",
    ],
    [
      { services: { readiness: [] } },
      'services must not have one of the package\'s own, got "readiness"',
    ],
    [{ services: { ["x".repeat(257)]: [] } }, "service must be a string of at most 256 characters"],
    [{ onStatusChange: "log" }, "onStatusChange must be a function, got log"],
  ])("refuses %o", (options, message) => {
    const create = () => createHealthService(options as unknown as HealthOptions);
    expect(create).toThrow(message);
  });
});
