import { status } from "@grpc/grpc-js";
import { callFixture, callKinds, createFixtureClient } from "@grpc-kit/testing";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { Registry } from "prom-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { samplesIn, total } from "../../../test/metrics-samples.ts";
import { serveFixture } from "../../../test/serve-fixture.ts";
import { toMethod } from "../../method.ts";
import { metrics } from "./index.ts";

describe("metrics", () => {
  it.each(callKinds)("counts and measures a call, and counts its messages: %s", async (kind) => {
    const register = new Registry();
    const { client } = await serveFixture({ clientInterceptors: [metrics({ register })] });
    await callFixture(client, kind, { requests: [{ text: "a" }] }).outcome;
    const { kind: type, service, name } = toMethod(FixtureServiceService[kind]);
    const labels = { grpc_type: type, grpc_service: service, grpc_method: name };
    const ok = { ...labels, grpc_code: "OK" };
    expect(await total(register, "grpc_client_started_total", labels)).toBe(1);
    expect(await total(register, "grpc_client_handled_total", ok)).toBe(1);
    expect(await total(register, "grpc_client_handled_total")).toBe(1);
    expect(await total(register, "grpc_client_msg_sent_total", labels)).toBe(1);
    expect(await total(register, "grpc_client_msg_received_total", labels)).toBe(1);
    expect(await total(register, "grpc_client_handling_seconds_count", labels)).toBe(1);
    expect(await total(register, "grpckit_client_calls_in_flight")).toBe(0);
  });

  it("counts the messages of a stream while it runs, and the call as in flight", async () => {
    const register = new Registry();
    const { client } = await serveFixture({ clientInterceptors: [metrics({ register })] });
    const call = callFixture(client, "bidi", { keepOpen: true });
    call.send({ text: "another" });
    await expect.poll(() => total(register, "grpc_client_msg_received_total")).toBe(2);
    expect(await total(register, "grpc_client_msg_sent_total")).toBe(2);
    expect(await total(register, "grpckit_client_calls_in_flight")).toBe(1);
    call.cancel();
    await call.outcome;
    expect(await total(register, "grpc_client_handled_total", { grpc_code: "Canceled" })).toBe(1);
    expect(await total(register, "grpckit_client_calls_in_flight")).toBe(0);
  });

  it("counts a call that never reaches a server", async () => {
    const register = new Registry();
    const { client, server } = await serveFixture({ clientInterceptors: [metrics({ register })] });
    server.forceShutdown();
    const { code } = await callFixture(client, "unary").outcome;
    expect(code).toBe(status.UNAVAILABLE);
    expect(await total(register, "grpc_client_handled_total", { grpc_code: "Unavailable" })).toBe(
      1,
    );
  });

  it("has OpenTelemetry's names: where the call went, and any failure as an error", async () => {
    const register = new Registry();
    const { client, address } = await serveFixture({
      handlers: { unary: (_call, callback) => callback({ code: status.NOT_FOUND }) },
    });
    const targets = [`dns:///${address}`, "orders.shop"];
    for (const target of targets) {
      const interceptors = [metrics({ register, set: "opentelemetry", target })];
      await callFixture(client, "unary", { interceptors }).outcome;
    }
    const samples = samplesIn(await register.metrics());
    const counts = samples.filter(({ name }) => name === "rpc_client_call_duration_seconds_count");
    const common = {
      rpc_system_name: "grpc",
      rpc_method: "fixtures.FixtureService/Unary",
      rpc_response_status_code: "NOT_FOUND",
      error_type: "NOT_FOUND",
    };
    const [host, port] = address.split(":") as [string, string];
    expect(counts.map(({ labels, value }) => ({ ...labels, value }))).toEqual([
      { ...common, server_address: host, server_port: port, value: 1 },
      { ...common, server_address: "orders.shop", value: 1 },
    ]);
  });

  it("keeps to a thousand methods, however many a client calls", async () => {
    const register = new Registry();
    const { address } = await serveFixture();
    const client = createFixtureClient(address);
    onTestFinished(() => client.close());
    const interceptors = [metrics({ register })];
    const same = (bytes: Buffer): Buffer => bytes;
    const calls = Array.from(
      { length: 1_100 },
      (_, index) =>
        new Promise((resolve) => {
          const options = { interceptors };
          const path = `/made.Up/M${index}`;
          client.makeUnaryRequest(path, same, same, Buffer.alloc(0), options, resolve);
        }),
    );
    await Promise.all(calls);
    const samples = samplesIn(await register.metrics());
    const started = samples.filter(({ name }) => name === "grpc_client_started_total");
    expect(started).toHaveLength(1_001);
    const unknown = { grpc_type: "unknown", grpc_service: "unknown", grpc_method: "unknown" };
    expect(await total(register, "grpc_client_handled_total", unknown)).toBe(100);
  });

  it("checks its options", () => {
    const register = new Registry();
    expect(() => metrics({ register, buckets: [2, 1] })).toThrow(RangeError);
    expect(() => metrics({ register, set: "a66" as "prometheus" })).toThrow(TypeError);
  });
});
