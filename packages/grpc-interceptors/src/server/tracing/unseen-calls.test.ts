import { status } from "@grpc/grpc-js";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { hrTimeToMilliseconds } from "@opentelemetry/core";
import { describe, expect, it } from "vitest";
import { collectSpans } from "../../../test/tracing-setup.ts";
import type { ObservedCall, ObservedOutcome } from "../call-observer.ts";
import { tracing } from "./tracing.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const known: ObservedCall = {
  method: "/examples.ItemService/GetItem",
  kind: "unary",
  peer: "::1:50812",
  headers: {
    ":path": "/examples.ItemService/GetItem",
    ":authority": "items.example.com:443",
    traceparent: `00-${traceId}-b7ad6b7169203331-01`,
  },
};
const refused: ObservedOutcome = {
  code: status.UNAVAILABLE,
  durationMs: 20,
  isIntercepted: false,
};

describe("tracing's observer", () => {
  it("makes a span of a call that no interceptor has seen", () => {
    const { exporter, options } = collectSpans();
    tracing(options).observer.onEnd(known, refused);
    const [span] = exporter.getFinishedSpans();
    expect(span).toMatchObject({
      name: "examples.ItemService/GetItem",
      kind: SpanKind.SERVER,
      parentSpanContext: { traceId, spanId: "b7ad6b7169203331" },
      status: { code: SpanStatusCode.ERROR },
    });
    expect(span?.attributes).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": "examples.ItemService/GetItem",
      "server.address": "items.example.com",
      "server.port": 443,
      "network.peer.address": "::1",
      "network.peer.port": 50_812,
      "rpc.response.status_code": "UNAVAILABLE",
      "error.type": "UNAVAILABLE",
    });
    expect(hrTimeToMilliseconds(span?.duration ?? [0, 0])).toBeCloseTo(20, 3);
  });

  it("leaves calls alone that interceptors have seen", () => {
    const { exporter, options } = collectSpans();
    tracing(options).observer.onEnd(known, { ...refused, isIntercepted: true });
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it("gives all unknown methods one name", () => {
    const { exporter, options } = collectSpans();
    const path = `/wp-admin/${"x".repeat(1000)}`;
    const headers = { ":path": path };
    const call: ObservedCall = { method: "_OTHER", kind: undefined, peer: "unknown", headers };
    tracing(options).observer.onEnd(call, { ...refused, code: status.UNIMPLEMENTED });
    const [span] = exporter.getFinishedSpans();
    expect(span?.name).toBe("grpc");
    expect(span?.attributes).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": "_OTHER",
      "rpc.method_original": path.slice(1, 257),
      "rpc.response.status_code": "UNIMPLEMENTED",
      "error.type": "UNIMPLEMENTED",
    });
  });

  it("makes no span of methods that are filtered out", () => {
    const { exporter, options } = collectSpans();
    const seen: unknown[] = [];
    const filter = (method: object) => seen.push(method) === 0;
    tracing({ ...options, filter }).observer.onEnd(known, refused);
    const health: ObservedCall = { ...known, method: "/grpc.health.v1.Health/Check" };
    tracing(options).observer.onEnd(health, refused);
    expect(exporter.getFinishedSpans()).toEqual([]);
    const [path, service, name] = [known.method, "examples.ItemService", "GetItem"];
    expect(seen).toEqual([{ path, service, name, kind: "unary" }]);
  });

  it("trusts no caller where some are not to be trusted", () => {
    const { exporter, options } = collectSpans();
    tracing({ ...options, isPublicEndpoint: () => false }).observer.onEnd(known, refused);
    const [span] = exporter.getFinishedSpans();
    expect(span?.parentSpanContext).toBeUndefined();
    expect(span?.spanContext().traceId).not.toBe(traceId);
    expect(span?.links).toMatchObject([{ context: { traceId } }]);
  });

  it("D14 leaves out what strays into addresses", () => {
    const { exporter, options } = collectSpans();
    const headers = { ":path": "/login?token=s3cret", ":authority": "user:s3cret@items:443" };
    const call: ObservedCall = { ...known, method: "_OTHER", kind: undefined, headers };
    tracing(options).observer.onEnd(call, refused);
    const { attributes } = exporter.getFinishedSpans()[0] ?? {};
    expect(attributes?.["rpc.method_original"]).toBe("login");
    expect(JSON.stringify(attributes)).not.toContain("s3cret");
  });

  it("E7 takes no parent from two", () => {
    const { exporter, options } = collectSpans();
    const traceparent = [1, 2].map((last) => `00-${traceId}-b7ad6b716920333${last}-01`);
    const headers = { ...known.headers, traceparent };
    tracing(options).observer.onEnd({ ...known, headers }, refused);
    expect(exporter.getFinishedSpans()[0]?.parentSpanContext).toBeUndefined();
  });
});
