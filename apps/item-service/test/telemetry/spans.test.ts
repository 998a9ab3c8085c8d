import { readFileSync } from "node:fs";
import { Metadata, status } from "@grpc/grpc-js";
import { NotFoundError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { certificateMaker } from "@grpc-kit/testing/certificates";
import { context, propagation } from "@opentelemetry/api";
import { expect, it, onTestFinished } from "vitest";
import { hasOpenssl } from "../certificates.ts";
import { serveTraced } from "./serve-traced.ts";
import { startTraceReceiver } from "./trace-receiver.ts";

const callerTrace = "0af7651916cd43dd8448eb211c80319c";
const callerSpan = "b7ad6b7169203331";

function fromCaller(flags = "01"): { readonly metadata: Metadata } {
  const metadata = new Metadata();
  metadata.set("traceparent", `00-${callerTrace}-${callerSpan}-${flags}`);
  metadata.set("baggage", "tenant=acme");
  return { metadata };
}

it("sends a span of each kind of call, below the caller's, with the ids that the log has", async () => {
  const receiver = await startTraceReceiver();
  const { client, port, lines, telemetry } = await serveTraced({
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=all,authorization=Bearer%20generic",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "authorization=Bearer%20t0ken",
    OTEL_SERVICE_NAME: "stock",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,team=a%2Cb,process.pid=7",
  });
  for (const kind of callKinds) {
    expect(await callFixture(client, kind, fromCaller()).outcome).toMatchObject({ code: 0 });
  }
  await callFixture(client, "unary").outcome;
  await telemetry.close();
  const { spans, requests } = receiver;
  expect(spans.map(({ name }) => name)).toEqual(
    ["Unary", "ServerStream", "ClientStream", "Bidi", "Unary"].map((name) =>
      expect.stringMatching(name),
    ),
  );
  for (const span of spans.slice(0, 4)) {
    expect(span).toMatchObject({ traceId: callerTrace, parentSpanId: callerSpan });
  }
  const own = spans[4];
  expect(own).toMatchObject({ parentSpanId: "", kind: 2, statusCode: 0 });
  expect(own?.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(5);
  const finished = lines.filter(({ message }) => message === "finished call");
  expect(finished.map(({ trace_id }) => trace_id)).toEqual(spans.map(({ traceId }) => traceId));
  expect(own?.attributes).toMatchObject({
    "rpc.system.name": "grpc",
    "rpc.method": own?.name,
    "rpc.response.status_code": "OK",
    "server.port": port,
    "network.peer.address": "127.0.0.1",
  });
  expect(own?.durationMs).toBeGreaterThan(0);
  const { version } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  expect(own?.resource).toMatchObject({
    "service.name": "stock",
    "service.version": version,
    "service.instance.id": expect.stringMatching(/^[0-9a-f-]{36}$/),
    "telemetry.sdk.language": "nodejs",
    "deployment.environment.name": "test",
    team: "a,b",
    "process.pid": "7",
  });
  // The export is no call of the service's own: it is in no trace.
  expect(requests.map((each) => each.get("traceparent"))).toEqual([[]]);
  expect(requests[0]?.get("authorization")).toEqual(["Bearer t0ken"]);
  expect(requests[0]?.get("x-tenant")).toEqual(["all"]);
});

it("marks the spans of the server's own faults, and not those of the caller's", async () => {
  const receiver = await startTraceReceiver();
  const { client, telemetry } = await serveTraced(
    { OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url },
    {
      unary({ text }) {
        throw text === "server" ? new Error(text) : new NotFoundError(text);
      },
    },
  );
  const unary = (text: string) => callFixture(client, "unary", { requests: [{ text }] }).outcome;
  const codes = [(await unary("caller")).code, (await unary("server")).code];
  expect(codes).toEqual([status.NOT_FOUND, status.INTERNAL]);
  await telemetry.close();
  expect(receiver.spans.map(({ statusCode }) => statusCode)).toEqual([0, 2]);
  expect(receiver.spans[1]).toMatchObject({
    attributes: { "rpc.response.status_code": "INTERNAL", "error.type": "INTERNAL" },
    resource: { "service.name": "item-service", "process.pid": process.pid },
  });
});

it.each([
  { sampler: "always_off", ratio: "1", sent: [] },
  { sampler: "traceidratio", ratio: "0", sent: [] },
  { sampler: "parentbased_always_off", ratio: "1", sent: ["sampled"] },
  { sampler: "parentbased_traceidratio", ratio: "0", sent: ["sampled"] },
  { sampler: "parentbased_always_on", ratio: "0", sent: ["sampled", "own"] },
  { sampler: "always_on", ratio: "0", sent: ["sampled", "unsampled", "own"] },
])("samples by $sampler and $ratio", async ({ sampler, ratio, sent }) => {
  const receiver = await startTraceReceiver();
  const { client, telemetry } = await serveTraced({
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_TRACES_SAMPLER: sampler,
    OTEL_TRACES_SAMPLER_ARG: ratio,
  });
  const calls = { sampled: fromCaller("01"), unsampled: fromCaller("00"), own: {} };
  for (const each of Object.values(calls)) {
    await callFixture(client, "unary", each).outcome;
  }
  await telemetry.close();
  expect(receiver.spans).toHaveLength(sent.length);
});

it.each([
  { OTEL_TRACES_EXPORTER: "none" },
  { OTEL_TRACES_EXPORTER: "otlp", OTEL_SDK_DISABLED: "true" },
])(
  "passes on the caller's trace where it has no spans of its own: $OTEL_TRACES_EXPORTER",
  async (environment) => {
    const receiver = await startTraceReceiver();
    const carriers: Record<string, string>[] = [];
    const { client, lines, telemetry } = await serveTraced(
      { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
      {
        async unary(request) {
          await new Promise(setImmediate);
          const carrier = {};
          propagation.inject(context.active(), carrier);
          carriers.push(carrier);
          return request;
        },
      },
    );
    await callFixture(client, "unary", fromCaller()).outcome;
    await callFixture(client, "unary").outcome;
    await telemetry.close();
    const passedOn = { traceparent: `00-${callerTrace}-${callerSpan}-01`, baggage: "tenant=acme" };
    expect(carriers).toEqual([passedOn, {}]);
    expect(lines.map(({ trace_id }) => trace_id)).toEqual([callerTrace, undefined]);
    expect(receiver.requests).toEqual([]);
  },
);

it("reads no more of the caller than OTEL_PROPAGATORS has", async () => {
  const carriers: Record<string, string>[] = [];
  const { client } = await serveTraced(
    { OTEL_PROPAGATORS: "tracecontext" },
    {
      unary(request) {
        const carrier = {};
        propagation.inject(context.active(), carrier);
        carriers.push(carrier);
        return request;
      },
    },
  );
  await callFixture(client, "unary", fromCaller()).outcome;
  expect(carriers).toEqual([{ traceparent: expect.stringContaining(callerTrace) }]);
});

it.skipIf(!hasOpenssl)("trusts the certificate that it is told to", async () => {
  const maker = certificateMaker();
  onTestFinished(() => maker.close());
  const { certFile, keyFile } = maker.certificate("collector");
  const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const receiver = await startTraceReceiver({ tls });
  const { client, telemetry, telemetryLines } = await serveTraced({
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_CERTIFICATE: certFile,
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
  });
  await callFixture(client, "unary").outcome;
  await telemetry.close();
  expect([receiver.spans.length, telemetryLines]).toEqual([1, []]);
});
