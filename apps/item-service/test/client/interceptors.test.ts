import { Metadata, status } from "@grpc/grpc-js";
import type { CallContext } from "@grpc-kit/grpc-server";
import { StatusError, statusCodeInfo } from "@grpc-kit/grpc-status";
import { type CallKind, callKinds } from "@grpc-kit/testing";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { serveStandard } from "../interceptors/serve-standard.ts";
import { failureOf } from "../serve.ts";
import { callKind } from "./fixture-stub.ts";
import { handlersThat } from "./handlers-that.ts";
import { nameOf, type WatchedStub, watchedStub } from "./watched-stub.ts";

/** What each watcher knows of the only call that there was. */
async function expectOne(
  { spans, lines, handled, started }: WatchedStub,
  kind: CallKind,
  code: status,
): Promise<void> {
  const method = nameOf[kind];
  const { name, goName } = statusCodeInfo(code);
  expect(await started()).toEqual(new Map([[method, 1]]));
  await expect.poll(handled).toEqual(new Map([[`${method} ${goName}`, 1]]));
  expect(lines).toMatchObject([
    { message: "finished call", "grpc.method": method, "grpc.code": name },
  ]);
  expect(spans()).toMatchObject([
    {
      name: `fixtures.FixtureService/${method}`,
      kind: SpanKind.CLIENT,
      attributes: { "rpc.response.status_code": name },
      status: { code: code === status.OK ? SpanStatusCode.UNSET : SpanStatusCode.ERROR },
    },
  ]);
}

describe.each(callKinds)("interceptors of a stub: %s", (kind) => {
  it("see a call once, and what they send with it arrives", async () => {
    const contexts: CallContext[] = [];
    const { port, lines: served } = await serveStandard(
      handlersThat((context) => contexts.push(context)),
    );
    const watched = watchedStub(port);
    const metadata = new Metadata();
    metadata.set("x-own", "mine");
    const sentAt = Date.now();
    await callKind(watched.stub, kind, ["a", "b"], { metadata });
    await expectOne(watched, kind, status.OK);
    const [context] = contexts;
    const span = watched.spans()[0]?.spanContext();
    expect(context?.metadata.get("traceparent")).toEqual([
      `00-${span?.traceId}-${span?.spanId}-01`,
    ]);
    expect(context?.metadata.get("x-own")).toEqual(["mine"]);
    // Its own are left as they were.
    expect(metadata.getMap()).toEqual({ "x-own": "mine" });
    // The interceptor's five seconds, not the stub's thirty.
    expect(context?.deadline).toBeLessThan(sentAt + 15_000);
    const sends = kind === "clientStream" || kind === "bidi" ? 2 : 1;
    expect(watched.lines).toMatchObject([{ msgs_out: sends, msgs_in: 1 }]);
    const ids = [...served, ...watched.lines].map(({ request_id: id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
  });

  it("see a call once that is sent three times, under one trace", async () => {
    const parents: unknown[] = [];
    const { port } = await serveStandard(
      handlersThat(({ metadata }) => {
        if (parents.push(...metadata.get("traceparent")) < 3) {
          throw new StatusError(status.UNAVAILABLE, "not yet");
        }
      }),
    );
    const watched = watchedStub(port, { retry: { backoffBaseMs: 1, maxBackoffMs: 1 } });
    const attempts: number[] = [];
    await callKind(watched.stub, kind, ["a", "b"], {
      onStatus: (ended) => attempts.push(ended.attempts),
    });
    await expectOne(watched, kind, status.OK);
    expect([parents.length, new Set(parents).size, attempts]).toEqual([3, 1, [3]]);
  });

  it("see a failure as its caller does", async () => {
    const { port } = await serveStandard(
      handlersThat(() => {
        throw new StatusError(status.ABORTED, "somebody else was first");
      }),
    );
    const watched = watchedStub(port);
    const failure = await failureOf(callKind(watched.stub, kind, ["a"]));
    expect(failure).toBe("ABORTED: somebody else was first");
    await expectOne(watched, kind, status.ABORTED);
    expect(watched.lines).toMatchObject([{ "grpc.error": "somebody else was first" }]);
  });

  it("see the calls that a circuit refuses, which are not sent", async () => {
    const { port, lines: served } = await serveStandard(
      handlersThat(() => {
        throw new StatusError(status.UNAVAILABLE, "not now");
      }),
    );
    const watched = watchedStub(port, { retry: false, circuitBreaker: { threshold: 1 } });
    const failures: string[] = [];
    for (let call = 0; call < 3; call += 1) {
      failures.push(await failureOf(callKind(watched.stub, kind, ["a"])));
    }
    await expect.poll(() => served.length).toBe(1);
    const method = nameOf[kind];
    expect(await watched.started()).toEqual(new Map([[method, 3]]));
    expect(await watched.handled()).toEqual(new Map([[`${method} Unavailable`, 3]]));
    // What they know of each call is what its caller was told.
    const refused = expect.stringMatching(/^not sent: .* circuit is open/);
    const errors = watched.lines.map((line) => line["grpc.error"]);
    expect(errors).toEqual(["not now", refused, refused]);
    expect(failures).toEqual(errors.map((error) => `UNAVAILABLE: ${error}`));
    expect(watched.spans()).toMatchObject(
      Array(3).fill({
        name: `fixtures.FixtureService/${method}`,
        attributes: { "rpc.response.status_code": "UNAVAILABLE" },
        status: { code: SpanStatusCode.ERROR },
      }),
    );
  });

  it("see that a caller has cancelled, once", async () => {
    const reached = Promise.withResolvers<void>();
    const { port } = await serveStandard(
      handlersThat(({ signal }) => {
        reached.resolve();
        return new Promise((resolve) => signal.addEventListener("abort", resolve));
      }),
    );
    const watched = watchedStub(port);
    const abort = new AbortController();
    const call = failureOf(callKind(watched.stub, kind, ["a"], { signal: abort.signal }));
    await reached.promise;
    abort.abort();
    expect(await call).toMatch(/^CANCELLED/);
    await expectOne(watched, kind, status.CANCELLED);
  });

  it("see that the time of a call is over, once", async () => {
    const { port } = await serveStandard(
      handlersThat(({ signal }) => new Promise((go) => signal.addEventListener("abort", go))),
    );
    const watched = watchedStub(port);
    const call = callKind(watched.stub, kind, ["a"], { timeoutMs: 100 });
    expect(await failureOf(call)).toMatch(/^DEADLINE_EXCEEDED/);
    await expectOne(watched, kind, status.DEADLINE_EXCEEDED);
  });
});
