import { connect } from "node:http2";
import { createConnection } from "node:net";
import { Metadata, type sendUnaryData, status } from "@grpc/grpc-js";
import { callValues, identityKey, loggerKey, traceKey, trafficKey } from "@grpc-kit/grpc-context";
import { DatabaseError, NotFoundError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import type { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, vi } from "vitest";
import { type LogLine, memoryLog } from "../../test/logging-lines.ts";
import { envelope, serveFixture } from "../../test/serve-fixture.ts";
import type { ServerHook } from "./call-hook.ts";
import { errors } from "./errors.ts";
import { type LoggingOptions, logging } from "./logging.ts";
import { requestContext } from "./request-context.ts";
import { fuse, serverInterceptor } from "./server-interceptor.ts";

const kindNames = {
  unary: "unary",
  serverStream: "server_stream",
  clientStream: "client_stream",
  bidi: "bidi_stream",
} as const;

function failWith(error: unknown): ServerHook {
  return () => {
    throw error;
  };
}

/** The fixture service with a log in memory, and what is further inside of it. */
async function serveLogged(
  options: Omit<LoggingOptions, "logger"> & { level?: string } = {},
  ...inside: readonly ServerHook[]
) {
  const { level, ...loggingOptions } = options;
  const log = memoryLog(level);
  const served = await serveFixture({
    interceptors: fuse([
      requestContext(),
      logging({ ...loggingOptions, logger: log.logger }),
      errors(),
      serverInterceptor(...inside),
    ]),
  });
  const ended = async (count = 1): Promise<LogLine[]> => {
    const isEnd = ({ msg }: LogLine) => msg === "finished call";
    await expect.poll(() => log.lines.filter(isEnd).length).toBe(count);
    return log.lines.filter(isEnd);
  };
  return { ...served, log, ended };
}

describe("logging", () => {
  it.each(callKinds)("writes one line for a call: %s", async (kind) => {
    const { client, ended } = await serveLogged();
    const metadata = new Metadata();
    metadata.set("x-request-id", "r-1");
    await callFixture(client, kind, { metadata }).outcome;
    const [line] = await ended();
    expect(line).toMatchObject({
      level: 30,
      "grpc.component": "server",
      "grpc.service": "fixtures.FixtureService",
      "grpc.method": kind.charAt(0).toUpperCase() + kind.slice(1),
      "grpc.method_type": kindNames[kind],
      "grpc.code": "OK",
      "grpc.time_ms": expect.any(Number),
      "grpc.request.deadline": expect.stringMatching(/^\d{4}-.*Z$/),
      "peer.address": expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      request_id: "r-1",
      msgs_in: 1,
      msgs_out: 1,
      msg: "finished call",
    });
    expect(Object.keys(line as LogLine)).not.toContain("grpc.error");
  });

  it.each(callKinds)("says who ended a call, and how: %s", async (kind) => {
    const log = memoryLog();
    const started = Promise.withResolvers<void>();
    const hang = () => started.resolve();
    const { client } = await serveFixture({
      interceptors: [logging({ logger: log.logger })],
      handlers: { unary: hang, serverStream: hang, clientStream: hang, bidi: hang },
    });
    const call = callFixture(client, kind);
    await started.promise;
    call.cancel();
    await expect
      .poll(() => log.lines)
      .toMatchObject([{ level: 30, "grpc.code": "CANCELLED", cancelled_by: "caller" }]);
    // Only the server knows of this deadline: a client that also did could cancel before it.
    const metadata = new Metadata();
    metadata.set("grpc-timeout", "200m");
    const deadline = Number.POSITIVE_INFINITY;
    await callFixture(client, kind, { metadata, deadline }).outcome;
    await expect
      .poll(() => log.lines[1])
      .toMatchObject({ level: 40, "grpc.code": "DEADLINE_EXCEEDED", cancelled_by: "deadline" });
  });

  it("knows the peer of a call whose connection is gone", async () => {
    const started = Promise.withResolvers<void>();
    const { port, ended } = await serveLogged({}, () => {
      started.resolve();
      return undefined;
    });
    const socket = createConnection(port, "127.0.0.1");
    const session = connect(`http://127.0.0.1:${port}`, { createConnection: () => socket });
    session.on("error", () => {});
    const path = "/fixtures.FixtureService/Bidi";
    const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc" };
    session.request(headers).on("error", () => {});
    await started.promise;
    socket.resetAndDestroy();
    expect(await ended()).toMatchObject([
      { "peer.address": expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
    ]);
  });

  it("has the bytes of a call where the server counts them", async () => {
    const traffic = { messagesReceived: 1, messagesSent: 2, bytesReceived: 3, bytesSent: 4 };
    const { client, ended } = await serveLogged({}, ({ values }) => {
      values.set(trafficKey, traffic);
      return undefined;
    });
    await callFixture(client, "unary").outcome;
    expect(await ended()).toMatchObject([{ bytes_in: 3, bytes_out: 4 }]);
  });

  it("tells callers apart by a hash, and the trace", async () => {
    const identity = { subject: "ada@example.com", scopes: [], claims: {} };
    const { client, ended, log } = await serveLogged({}, ({ values }) => {
      values.set(identityKey, identity);
      values.set(traceKey, { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true });
      return undefined;
    });
    await callFixture(client, "unary").outcome;
    const [line] = await ended();
    // printf ada@example.com | sha256sum
    expect(line).toMatchObject({
      "principal.sub_hash": "b5fc85e55755f9e0",
      trace_id: "a".repeat(32),
    });
    expect(log.written.join("")).not.toContain("ada");
  });

  it("logs a fault with the chain of its causes, and no property of theirs", async () => {
    const socket = Object.assign(new Error("connection reset"), { config: { key: "S3CR3T" } });
    const error = new DatabaseError("cannot save the item", { cause: socket });
    const { client, ended, log } = await serveLogged({}, failWith(error));
    const { details } = await callFixture(client, "unary").outcome;
    const [line] = await ended();
    const errorId = line?.error_id;
    expect(line).toMatchObject({ level: 50, "grpc.code": "INTERNAL", "grpc.error": details });
    expect(line).not.toHaveProperty("err");
    expect(log.lines.find(({ err }) => err !== undefined)).toMatchObject({
      level: 50,
      error_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      err: {
        type: "DatabaseError",
        message: "cannot save the item: connection reset",
        stack: expect.stringMatching(/^DatabaseError: .*\n {4}at .*\ncaused by: Error: /s),
      },
    });
    expect(log.lines.filter(({ error_id: id }) => id === errorId)).toHaveLength(2);
    expect(details).toBe("internal error");
    expect(log.written.join("")).not.toContain("S3CR3T");
  });

  it("logs what is the caller's fault at info, without a stack", async () => {
    const { client, ended } = await serveLogged({}, failWith(new NotFoundError("no item 7")));
    await callFixture(client, "unary").outcome;
    const [line] = await ended();
    expect(line).toMatchObject({ level: 30, "grpc.code": "NOT_FOUND", "grpc.error": "no item 7" });
    expect(line).not.toHaveProperty("err");
  });

  it("C5 has the error id of every one of 1000 failures", async () => {
    const { client, ended } = await serveLogged({}, failWith(new Error("broken")));
    const ids: unknown[] = [];
    for (let batch = 0; batch < 10; batch += 1) {
      const calls = Array.from({ length: 100 }, () => callFixture(client, "unary").outcome);
      for (const { trailers } of await Promise.all(calls)) {
        ids.push(readId(trailers));
      }
    }
    const logged = (await ended(1000)).map(({ error_id }) => error_id);
    expect(new Set(ids).size).toBe(1000);
    expect(new Set(logged)).toEqual(new Set(ids));
  }, 60_000);

  it("gives handlers a logger whose lines carry the ids", async () => {
    const log = memoryLog();
    const { client } = await serveFixture({
      interceptors: [requestContext(), logging({ logger: log.logger })],
      handlers: {
        unary({ metadata }: { metadata: Metadata }, callback: sendUnaryData<Envelope>) {
          const own = callValues(metadata).get(loggerKey);
          own?.warn({ stock: 0 }, "sold out");
          own?.debug({}, "not enabled");
          callback(null, envelope({}));
        },
      },
    });
    const metadata = new Metadata();
    metadata.set("x-request-id", "r-2");
    await callFixture(client, "unary", { metadata }).outcome;
    expect(log.lines[0]).toMatchObject({
      level: 40,
      msg: "sold out",
      stock: 0,
      request_id: "r-2",
    });
  });

  it("writes a line at the start of a call at debug", async () => {
    const { client, ended, log } = await serveLogged({ level: "debug" });
    await callFixture(client, "unary").outcome;
    await ended();
    expect(log.lines.map(({ level, msg }) => [level, msg])).toEqual([
      [20, "started call"],
      [30, "finished call"],
    ]);
    expect(log.lines[0]).toMatchObject({ "grpc.method": "Unary", request_id: expect.any(String) });
  });

  it("takes levels from its options, and a slow call for a warning", async () => {
    const quiet = await serveLogged({ isQuiet: ({ path }) => path.endsWith("/Unary") });
    await callFixture(quiet.client, "unary").outcome;
    await callFixture(quiet.client, "bidi").outcome;
    expect(await quiet.ended()).toMatchObject([{ "grpc.method": "Bidi" }]);
    const slow = await serveLogged({ slowMs: 0.000_001 });
    await callFixture(slow.client, "unary").outcome;
    await callFixture(slow.client, "bidi").outcome;
    expect((await slow.ended(2)).map(({ level }) => level)).toEqual([40, 30]);
    const own = await serveLogged({ levelOf: () => "error" });
    await callFixture(own.client, "unary").outcome;
    expect(await own.ended()).toMatchObject([{ level: 50 }]);
  });

  it("lets calls be when the logger throws", async () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const broken = () => {
      throw new Error("disk full");
    };
    const logger = { debug: broken, info: broken, warn: broken, error: broken };
    const { client } = await serveFixture({ interceptors: [logging({ logger })] });
    const { code } = await callFixture(client, "unary").outcome;
    await expect.poll(() => write.mock.calls.length).toBe(2);
    write.mockRestore();
    expect(code).toBe(status.OK);
  });

  it("refuses options that make no sense", () => {
    const { logger } = memoryLog();
    expect(() => logging({ logger, slowMs: Number.NaN })).toThrow(RangeError);
    expect(() => logging({ logger, payloads: { maxBytes: 0 } })).toThrow(RangeError);
    expect(() => logging({ logger, payloads: { redact: [""] } })).toThrow(TypeError);
    expect(() => logging({} as LoggingOptions)).toThrow(TypeError);
  });
});

function readId(trailers: Metadata): string | undefined {
  return /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(
    String(trailers.get("error-detail-bin")[0]),
  )?.[0];
}
