import { status } from "@grpc/grpc-js";
import { type TraceIds, traceKey } from "@grpc-kit/grpc-context";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { Counter, type OpenMetricsContentType, Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { samplesIn, total } from "../../../test/metrics-samples.ts";
import { serveFixture } from "../../../test/serve-fixture.ts";
import { serverInterceptor } from "../server-interceptor.ts";
import { metrics } from "./index.ts";

const service = "fixtures.FixtureService";

describe("metrics", () => {
  it("counts the messages of a stream while it runs, and the call as in flight", async () => {
    const register = new Registry();
    const { client } = await serveFixture({
      interceptors: [metrics({ register })],
      handlers: { bidi: (call) => call.on("data", (request: Envelope) => call.write(request)) },
    });
    const call = callFixture(client, "bidi", { keepOpen: true });
    call.send({ text: "another" });
    await expect.poll(() => total(register, "grpc_server_msg_sent_total")).toBe(2);
    expect(await total(register, "grpc_server_msg_received_total")).toBe(2);
    expect(await total(register, "grpckit_server_calls_in_flight")).toBe(1);
    expect(await total(register, "grpc_server_handled_total")).toBe(0);
    call.cancel();
    await expect.poll(() => total(register, "grpckit_server_calls_in_flight")).toBe(0);
    expect(await total(register, "grpc_server_handled_total", { grpc_code: "Canceled" })).toBe(1);
  });

  it("has every series of the services at 0 from the start, as in Go", async () => {
    const register = new Registry();
    metrics({ register, services: [FixtureServiceService] });
    const samples = samplesIn(await register.metrics());
    expect(samples.every(({ value }) => value === 0)).toBe(true);
    const count = (name: string) => samples.filter((sample) => sample.name === name).length;
    expect(count("grpc_server_started_total")).toBe(4);
    expect(count("grpc_server_handled_total")).toBe(4 * 17);
    expect(count("grpc_server_msg_received_total")).toBe(4);
    expect(count("grpc_server_msg_sent_total")).toBe(4);
    expect(count("grpc_server_handling_seconds_bucket")).toBe(4 * 12);
    expect(count("grpckit_server_calls_in_flight")).toBe(4);
  });

  it("counts a code that is none as Unknown", async () => {
    const register = new Registry();
    const { client } = await serveFixture({
      interceptors: [metrics({ register })],
      handlers: { unary: (_call, callback) => callback({ code: 99 as status }) },
    });
    await callFixture(client, "unary").outcome;
    await expect.poll(() => total(register, "grpc_server_handled_total")).toBe(1);
    expect(await total(register, "grpc_server_handled_total", { grpc_code: "Unknown" })).toBe(1);
  });

  it("counts each call once that the end of its server cuts short", async () => {
    const register = new Registry();
    const running = Promise.withResolvers<void>();
    let calls = 0;
    const hang = () => {
      calls += 1;
      if (calls === callKinds.length) {
        running.resolve();
      }
    };
    const { client, server } = await serveFixture({
      interceptors: [metrics({ register })],
      handlers: { unary: hang, serverStream: hang, clientStream: hang, bidi: hang },
    });
    const cut = callKinds.map((kind) => callFixture(client, kind, { keepOpen: true }).outcome);
    await running.promise;
    server.forceShutdown();
    await Promise.all(cut);
    await expect.poll(() => total(register, "grpckit_server_calls_in_flight")).toBe(0);
    expect(await total(register, "grpc_server_started_total")).toBe(4);
    expect(await total(register, "grpc_server_handled_total", { grpc_code: "Canceled" })).toBe(4);
    expect(await total(register, "grpc_server_handling_seconds_count")).toBe(4);
  });

  it("shares a registry: two servers count together, and none undoes the other's", async () => {
    const register = new Registry();
    const services = [FixtureServiceService];
    for (let server = 0; server < 2; server += 1) {
      const interceptors = [metrics({ register, services })];
      const { client } = await serveFixture({ interceptors });
      await callFixture(client, "unary").outcome;
      await expect
        .poll(() => total(register, "grpc_server_handling_seconds_count"))
        .toBe(server + 1);
    }
    expect(await total(register, "grpc_server_handled_total", { grpc_code: "OK" })).toBe(2);
  });

  it("goes on after the registry is reset", async () => {
    const register = new Registry();
    const { client } = await serveFixture({ interceptors: [metrics({ register })] });
    await callFixture(client, "unary").outcome;
    await expect.poll(() => total(register, "grpc_server_handled_total")).toBe(1);
    register.resetMetrics();
    await callFixture(client, "unary").outcome;
    await expect.poll(() => total(register, "grpc_server_handled_total")).toBe(1);
    expect(await total(register, "grpckit_server_calls_in_flight")).toBe(0);
  });

  it.each([
    [{ set: "statsd" as "prometheus" }, TypeError, /set must be .* got "statsd"/],
    [{ buckets: [] }, RangeError, /buckets must be .* got \[\]/],
    [{ buckets: [1, 1] }, RangeError, /buckets must be .* got \[1, 1\]/],
    [{ buckets: [0, 1] }, RangeError, /buckets/],
    [{ buckets: [1, Number.NaN] }, RangeError, /buckets/],
    [{ exemplars: true }, TypeError, /exemplars need an OpenMetrics registry, got text\/plain/],
  ])("refuses %o", (options, type, message) => {
    const make = () => metrics({ register: new Registry(), ...options });
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });

  it("refuses a registry where another metric has such a name", () => {
    const register = new Registry();
    const [name, help] = ["grpc_server_started_total", "another"];
    new Counter({ name, help, labelNames: ["method"], registers: [register] });
    expect(() => metrics({ register })).toThrow(/already been registered/);
    expect(() => {
      const other = new Registry();
      metrics({ register: other });
      metrics({ register: other, buckets: [1, 2] });
    }).toThrow(/already been registered/);
  });
});

describe("metrics with OpenTelemetry's names", () => {
  it.each([
    [status.OK, undefined],
    [status.NOT_FOUND, undefined],
    [status.UNAVAILABLE, "UNAVAILABLE"],
  ])("says whether code %s is an error of the server", async (code, error) => {
    const register = new Registry();
    const { client } = await serveFixture({
      interceptors: [metrics({ register, set: "opentelemetry" })],
      handlers: {
        unary: (call, callback) =>
          code === status.OK ? callback(null, call.request) : callback({ code }),
      },
    });
    await callFixture(client, "unary").outcome;
    await expect.poll(() => total(register, "rpc_server_call_duration_seconds_count")).toBe(1);
    const samples = samplesIn(await register.metrics());
    const [sample] = samples.filter(({ name }) => name.endsWith("_seconds_count"));
    expect(sample?.labels).toEqual({
      rpc_system_name: "grpc",
      rpc_method: `${service}/Unary`,
      rpc_response_status_code: status[code],
      ...(error !== undefined && { error_type: error }),
    });
    expect(samples.filter(({ name }) => name.startsWith("grpc_"))).toEqual([]);
    expect(samples.filter(({ name }) => name === "grpckit_server_active_calls")).toMatchObject([
      { labels: { rpc_method: `${service}/Unary` }, value: 0 },
    ]);
  });

  it("can stand beside the other set in one registry", async () => {
    const register = new Registry();
    const sets = ["prometheus", "opentelemetry"] as const;
    const interceptors = sets.map((set) => metrics({ register, set }));
    const { client } = await serveFixture({ interceptors });
    await callFixture(client, "unary").outcome;
    await expect.poll(() => total(register, "grpc_server_handling_seconds_count")).toBe(1);
    expect(await total(register, "rpc_server_call_duration_seconds_count")).toBe(1);
  });
});

describe("exemplars", () => {
  const trace = (isSampled: boolean): TraceIds => ({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    isSampled,
  });

  it.each([
    ["prometheus", true],
    ["prometheus", false],
    ["opentelemetry", true],
    ["opentelemetry", undefined],
  ] as const)("%s: point to a trace if it is sampled: %s", async (set, isSampled) => {
    const register = new Registry<OpenMetricsContentType>();
    register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    // Inside, as tracing may be: the trace is there by the end of the call.
    const tracing = serverInterceptor(({ values }) => {
      if (isSampled !== undefined) {
        values.set(traceKey, trace(isSampled));
      }
      return undefined;
    });
    const { client } = await serveFixture({
      interceptors: [metrics({ register, set, exemplars: true }), tracing],
    });
    await callFixture(client, "unary").outcome;
    const name = set === "prometheus" ? "grpc_server_handling" : "rpc_server_call_duration";
    await expect.poll(() => total(register, `${name}_seconds_count`)).toBe(1);
    const { traceId, spanId } = trace(true);
    const exemplars = (await register.metrics()).match(/ # \{.*?\}/g);
    expect(exemplars).toEqual(
      isSampled === true ? [` # {trace_id="${traceId}",span_id="${spanId}"}`] : null,
    );
  });
});
