import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type ServiceError, status } from "@grpc/grpc-js";
import { callFixture } from "@grpc-kit/testing";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { samplesIn, total } from "../../../test/metrics-samples.ts";
import { serveFixture } from "../../../test/serve-fixture.ts";
import type { ObservedCall, ObservedOutcome } from "../call-observer.ts";
import { metrics } from "./index.ts";

const path = "/fixtures.FixtureService/Unary";
const unknown: ObservedCall = { method: "_OTHER", kind: undefined, peer: "unknown", headers: {} };
const refused: ObservedOutcome = {
  code: status.UNIMPLEMENTED,
  durationMs: 1,
  isIntercepted: false,
};

/** What is kept on the heap, once garbage is gone. */
function keptBytes(): number {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe("metrics(…).observer", () => {
  it("E1: a hundred thousand made-up methods and agents are one series", async () => {
    const register = new Registry();
    const { observer } = metrics({ register });
    observer.onEnd(unknown, refused);
    const before = samplesIn(await register.metrics()).length;
    const keptBefore = keptBytes();
    for (let index = 0; index < 100_000; index += 1) {
      const headers = { "user-agent": `agent/${index}` };
      observer.onEnd({ ...unknown, method: `/made.Up/M${index}`, headers }, refused);
    }
    const samples = samplesIn(await register.metrics());
    expect(samples).toHaveLength(before);
    expect(keptBytes() - keptBefore).toBeLessThan(8 * 1024 * 1024);
    expect(samples.filter(({ name }) => name === "grpc_server_handled_total")).toEqual([
      {
        name: "grpc_server_handled_total",
        labels: {
          grpc_type: "unknown",
          grpc_service: "unknown",
          grpc_method: "unknown",
          grpc_code: "Unimplemented",
        },
        value: 100_001,
      },
    ]);
  });

  it("E2: counts and measures each call of an unknown method", async () => {
    for (const [set, count] of [
      ["prometheus", "grpc_server_handled_total"],
      ["prometheus", "grpc_server_started_total"],
      ["prometheus", "grpc_server_handling_seconds_count"],
      ["opentelemetry", "rpc_server_call_duration_seconds_count"],
    ] as const) {
      const register = new Registry();
      const { observer } = metrics({ register, set });
      for (let call = 0; call < 1_000; call += 1) {
        observer.onEnd(unknown, refused);
      }
      expect(await total(register, count)).toBe(1_000);
      expect(await total(register, "grpckit_server_calls_in_flight")).toBe(0);
    }
  });

  it("calls an unknown method _OTHER where OpenTelemetry's names are used", async () => {
    const register = new Registry();
    metrics({ register, set: "opentelemetry" }).observer.onEnd(unknown, refused);
    const labels = { rpc_method: "_OTHER", error_type: "UNIMPLEMENTED" };
    expect(await total(register, "rpc_server_call_duration_seconds_count", labels)).toBe(1);
  });

  it("counts a refused call of a known method with the others of that method", async () => {
    const register = new Registry();
    const interceptor = metrics({ register });
    const { client } = await serveFixture({ interceptors: [interceptor] });
    await callFixture(client, "unary").outcome;
    interceptor.observer.onEnd(
      { ...unknown, method: path, kind: "unary" },
      { ...refused, code: status.UNAVAILABLE },
    );
    const labels = {
      grpc_type: "unary",
      grpc_service: "fixtures.FixtureService",
      grpc_method: "Unary",
    };
    await expect.poll(() => total(register, "grpc_server_handled_total", labels)).toBe(2);
    expect(await total(register, "grpc_server_started_total", labels)).toBe(2);
  });

  it("leaves to the interceptor what that has seen", async () => {
    const register = new Registry();
    metrics({ register }).observer.onEnd(unknown, { ...refused, isIntercepted: true });
    expect(samplesIn(await register.metrics())).toEqual([]);
  });

  it("L13: is needed, since no interceptor sees a call of an unknown method", async () => {
    const register = new Registry();
    const { client } = await serveFixture({ interceptors: [metrics({ register })] });
    const same = (bytes: Buffer): Buffer => bytes;
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest("/made.Up/M", same, same, Buffer.alloc(0), resolve);
    });
    expect(error?.code).toBe(status.UNIMPLEMENTED);
    expect(samplesIn(await register.metrics())).toEqual([]);
  });
});
