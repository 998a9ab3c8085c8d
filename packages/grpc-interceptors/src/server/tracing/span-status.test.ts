import { Metadata, status } from "@grpc/grpc-js";
import { errorToStatus, StatusError, statusCodes, UnauthorizedError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { SpanStatusCode } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { serveFixture } from "../../../test/serve-fixture.ts";
import { collectSpans, useContextManager } from "../../../test/tracing-setup.ts";
import { tracing as clientTracing } from "../../client/tracing/tracing.ts";
import type { ServerHook } from "../call-hook.ts";
import { serverInterceptor } from "../server-interceptor.ts";
import { tracing } from "./tracing.ts";

useContextManager();

const recovery: ServerHook = () => ({ onFailure: (error) => errorToStatus(error) });
const failures = statusCodes.filter(({ code }) => code !== status.OK);

describe("tracing", () => {
  it.each(failures)("blames the server for the server's faults alone: $name", async (info) => {
    const { exporter, options } = collectSpans();
    const { client } = await serveFixture({
      interceptors: [tracing(options)],
      handlers: {
        unary: (_call, callback) => callback({ code: info.code, details: "it is like this" }),
      },
    });
    await callFixture(client, "unary").outcome;
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(1);
    const [span] = exporter.getFinishedSpans();
    expect(span?.attributes["rpc.response.status_code"]).toBe(info.name);
    expect([span?.status, span?.attributes["error.type"]]).toEqual(
      info.isServerFault
        ? [{ code: SpanStatusCode.ERROR, message: "it is like this" }, info.name]
        : [{ code: SpanStatusCode.UNSET }, undefined],
    );
  });

  it("counts a code that is none as UNKNOWN", async () => {
    const { exporter, options } = collectSpans();
    const { client } = await serveFixture({
      interceptors: [tracing(options)],
      handlers: { unary: (_call, callback) => callback({ code: 42 as status, details: "" }) },
    });
    await callFixture(client, "unary").outcome;
    await expect
      .poll(() => exporter.getFinishedSpans())
      .toMatchObject([
        {
          attributes: { "rpc.response.status_code": "UNKNOWN", "error.type": "UNKNOWN" },
          status: { code: SpanStatusCode.ERROR },
        },
      ]);
  });

  it.each(callKinds)("does not blame the server for callers that leave: %s", async (kind) => {
    const { exporter, options } = collectSpans();
    const started = Promise.withResolvers<void>();
    const hang = () => started.resolve();
    const { client } = await serveFixture({
      interceptors: [tracing(options)],
      handlers: { unary: hang, serverStream: hang, clientStream: hang, bidi: hang },
    });
    const call = callFixture(client, kind);
    await started.promise;
    call.cancel();
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(1);
    const [span] = exporter.getFinishedSpans();
    expect(span?.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span?.attributes).toMatchObject({ "rpc.response.status_code": "CANCELLED" });
    expect(span?.attributes).not.toHaveProperty("error.type");
  });

  it.each(callKinds)("tells of deadlines that pass: %s", async (kind) => {
    const { exporter, options } = collectSpans();
    const hang = () => {};
    const { client } = await serveFixture({
      interceptors: [tracing(options)],
      handlers: { unary: hang, serverStream: hang, clientStream: hang, bidi: hang },
    });
    // Of which the caller does not know: its reset could come before.
    const metadata = new Metadata();
    metadata.set("grpc-timeout", "200m");
    await callFixture(client, kind, { metadata, deadline: Infinity }).outcome;
    await expect
      .poll(() => exporter.getFinishedSpans())
      .toMatchObject([
        {
          attributes: { "error.type": "DEADLINE_EXCEEDED" },
          status: { code: SpanStatusCode.ERROR },
        },
      ]);
  });

  it("shows the caller's text of a failure, and nothing of what is inside", async () => {
    const { exporter, options } = collectSpans();
    const fail: ServerHook = () => {
      throw new Error("password of the database: hunter2");
    };
    const { client } = await serveFixture({
      interceptors: [tracing(options), serverInterceptor(recovery, fail)],
    });
    await callFixture(client, "unary").outcome;
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(1);
    const [span] = exporter.getFinishedSpans();
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: "internal error" });
    expect(told(span)).not.toContain("hunter2");
  });

  it.each(callKinds)("D14 lets no token into spans, however a call fails: %s", async (kind) => {
    const { exporter, options } = collectSpans();
    const token = "tok3n-9f8e7d6c5b4a";
    const failure: Record<string, () => void> = {
      thrown() {
        throw new Error(`cannot verify ${token}`);
      },
      refused() {
        throw new UnauthorizedError("not authenticated", { cause: new Error(token) });
      },
      hidden() {
        throw new StatusError(status.INTERNAL, "internal error", { cause: token });
      },
      none() {},
    };
    const fail: ServerHook = ({ metadata }) => {
      failure[String(metadata.get("x-failure")[0])]?.();
      return undefined;
    };
    const traced = tracing({ ...options, requestMetadata: ["x-failure"] });
    const { client } = await serveFixture({
      interceptors: [traced, serverInterceptor(recovery, fail)],
      clientInterceptors: [clientTracing(options)],
    });
    for (const name of Object.keys(failure)) {
      const metadata = new Metadata();
      metadata.set("authorization", `Bearer ${token}`);
      metadata.set("cookie", token);
      metadata.set("x-api-key", token);
      metadata.set("x-failure", name);
      await callFixture(client, kind, { metadata }).outcome;
    }
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(8);
    const spans = exporter.getFinishedSpans();
    expect(spans.filter(({ status: { code } }) => code === SpanStatusCode.ERROR)).toHaveLength(5);
    expect(spans.map(told).join()).not.toContain(token);
  });
});

/** All that a collector gets of a span. */
function told(span: unknown): string {
  const { name, attributes, status: ended, events, links } = span as Record<string, unknown>;
  return JSON.stringify([name, attributes, ended, events, links]);
}
