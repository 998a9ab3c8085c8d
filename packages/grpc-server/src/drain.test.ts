import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { status } from "@grpc/grpc-js";
import { callFixture } from "@grpc-kit/testing";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { callErrorOf } from "../test/call-error-of.ts";
import { openRawCall, statusOf } from "../test/raw-call.ts";
import { echo, envelope, serveFixture } from "../test/serve-fixture.ts";
import { createGrpcServer } from "./create-server.ts";
import type { ServerEvent, ServerPhase } from "./server-events.ts";

const path = "/fixtures.FixtureService";

function phasesOf(events: readonly ServerEvent[]): ServerPhase[] {
  return events.flatMap((event) => (event.type === "phase" ? [event.phase] : []));
}

describe("stop", () => {
  it("goes through the phases in order, each told and timed", async () => {
    const { server, client } = await serveFixture();
    const events: ServerEvent[] = [];
    server.onEvent((event) => events.push(event));
    await callFixture(client, "unary").outcome;
    expect(server.stats.phase).toBe("serving");
    const stopped = server.stop({ drainDelayMs: 60 });
    const leaving = await callFixture(client, "unary").outcome;
    expect(leaving.code).toBe(status.OK);
    await stopped;
    expect(phasesOf(events)).toEqual(["leaving", "draining", "closing", "stopped"]);
    expect(events.every(({ type }) => type === "phase")).toBe(true);
    const [, draining] = events;
    expect(draining).toMatchObject({ type: "phase", phase: "draining" });
    expect((draining as { durationMs: number }).durationMs).toBeGreaterThan(50);
  });

  it("G3: ends long-lived calls at once, UNAVAILABLE, and lets others go on", async () => {
    const finish = Promise.withResolvers<void>();
    const signals: AbortSignal[] = [];
    const { server, client } = await serveFixture(
      {
        async *serverStream(request, { signal }) {
          signals.push(signal);
          yield request;
          await once(signal, "abort");
        },
        async unary(request) {
          signals.push(new AbortController().signal);
          await finish.promise;
          return request;
        },
      },
      { longLivedMethods: [`${path}/ServerStream`] },
    );
    const [watch, unary] = [callFixture(client, "serverStream"), callFixture(client, "unary")];
    await expect.poll(() => signals.length).toBe(2);
    const stopped = server.stop({ graceMs: 2 ** 31 - 1 });
    const error = callErrorOf(await watch.outcome);
    expect([error.code, error.reason]).toEqual([status.UNAVAILABLE, "SERVER_DRAINING"]);
    expect(signals[0]?.reason).toMatchObject({ code: status.UNAVAILABLE });
    finish.resolve();
    expect((await unary.outcome).code).toBe(status.OK);
    await stopped;
  });

  it("G3: tells 100 open streams by a status why they end when the grace is over", async () => {
    const { server, client } = await serveFixture({}, { maxConcurrentStreams: 200 });
    const calls = Array.from({ length: 100 }, () =>
      callFixture(client, "bidi", { keepOpen: true }),
    );
    await expect.poll(() => server.inFlight).toBe(100);
    const events: ServerEvent[] = [];
    server.onEvent((event) => events.push(event));
    await server.stop({ graceMs: 50 });
    expect(events).toContainEqual({ type: "calls_cut", calls: 100 });
    for (const { outcome } of calls) {
      const error = callErrorOf(await outcome);
      expect([error.code, error.reason]).toEqual([status.UNAVAILABLE, "SERVER_DRAINING"]);
    }
  });

  it("refuses calls that wait for a place", async () => {
    const { server, client } = await serveFixture(
      { unary: (_request, { signal }) => once(signal, "abort").then(() => envelope({})) },
      { maxConcurrentRpcs: 1, maxQueueMs: 60_000 },
    );
    callFixture(client, "unary");
    await expect.poll(() => server.inFlight).toBe(1);
    const waiting = callFixture(client, "unary");
    await expect.poll(() => server.stats.queued).toBe(1);
    await server.stop({ graceMs: 0 });
    const refused = callErrorOf(await waiting.outcome);
    expect([refused.code, refused.reason]).toEqual([status.UNAVAILABLE, "SERVER_DRAINING"]);
  });

  it("is shortened by a second call that is more impatient", async () => {
    const { server, client } = await serveFixture({
      unary: (_request, { signal }) => once(signal, "abort").then(() => envelope({})),
    });
    callFixture(client, "unary");
    await expect.poll(() => server.inFlight).toBe(1);
    const patient = server.stop({ graceMs: 60_000, drainDelayMs: 60_000 });
    await server.stop({ graceMs: 0 });
    await patient;
  });

  it("serves the calls that a peer had sent before it heard of the end", async () => {
    const { server, port } = await serveFixture();
    const warm = openRawCall(port, `${path}/Unary`).resume();
    const session = warm.session as ClientHttp2Session;
    warm.end(Buffer.alloc(5));
    await once(warm, "close");
    const late = session.request({
      ":method": "POST",
      ":path": `${path}/Unary`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const stopped = server.stop();
    late.resume().end(Buffer.alloc(5));
    expect(await statusOf(late)).toBe(status.OK);
    await stopped;
  });

  it("serves the first call of a client that had connected before", async () => {
    const { server, port } = await serveFixture();
    const socket = connectTcp({ port, host: "127.0.0.1" });
    await once(socket, "connect");
    await expect.poll(() => server.stats.connections).toBe(1);
    const stopped = server.stop();
    const session = connectHttp2(`http://127.0.0.1:${port}`, { createConnection: () => socket });
    const call = session.request({
      ":method": "POST",
      ":path": `${path}/Unary`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    call.resume().end(Buffer.alloc(5));
    expect(await statusOf(call)).toBe(status.OK);
    await stopped;
  });

  it("closes what handlers used when none uses it any more, the latest first", async () => {
    const closed: string[] = [];
    const { server, client } = await serveFixture({
      unary: (_request, { signal }) =>
        once(signal, "abort").then(() => {
          closed.push("handler");
          return envelope({});
        }),
    });
    server
      .addCleanup("database", async () => void closed.push("database"))
      .addCleanup("telemetry", () => void closed.push("telemetry"));
    callFixture(client, "unary");
    await expect.poll(() => server.inFlight).toBe(1);
    await server.stop({ graceMs: 0 });
    expect(closed).toEqual(["handler", "telemetry", "database"]);
  });

  it("closes the rest when one cleanup fails, and rejects", async () => {
    const server = createGrpcServer({ host: "127.0.0.1", port: 0, insecure: true });
    const events: ServerEvent[] = [];
    server.onEvent((event) => events.push(event));
    let isClosed = false;
    const failure = new Error("no route to host");
    server
      .addCleanup("first", () => {
        isClosed = true;
      })
      .addCleanup("second", () => Promise.reject(failure));
    await server.start();
    await expect(server.stop()).rejects.toMatchObject({ errors: [failure] });
    expect(isClosed).toBe(true);
    expect(events).toContainEqual({ type: "cleanup_failed", name: "second", error: failure });
    expect(server.stats.phase).toBe("stopped");
  });

  it("G6: is not held up by a cleanup that hangs", async () => {
    const server = createGrpcServer({ host: "127.0.0.1", port: 0, insecure: true });
    server.addCleanup("stuck", () => new Promise(() => {}));
    await expect(server.stop()).rejects.toMatchObject({
      errors: [{ message: "stuck did not close within 5000 ms" }],
    });
  });

  it("survives listeners that throw", async () => {
    const server = createGrpcServer({ host: "127.0.0.1", port: 0, insecure: true });
    const unsubscribe = server.onEvent(() => {
      throw new Error("of a listener");
    });
    await server.start();
    unsubscribe();
    await server.stop();
  });
});

describe("services", () => {
  it("are listed by their full names", () => {
    const server = createGrpcServer({ host: "127.0.0.1", port: 0, insecure: true });
    expect(server.services).toEqual([]);
    server.addService(FixtureServiceService, echo);
    expect(server.services).toEqual(["fixtures.FixtureService"]);
  });
});
