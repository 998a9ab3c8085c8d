import { type Metadata, type sendUnaryData, status } from "@grpc/grpc-js";
import { callValues, type Logger, loggerKey } from "@grpc-kit/grpc-context";
import { callFixture } from "@grpc-kit/testing";
import type { Envelope } from "@grpc-kit/testing/fixtures";
import { type Logger as ChildLogger, pino } from "pino";
import { describe, expect, it, vi } from "vitest";
import { type LogLine, memoryLog } from "../../test/logging-lines.ts";
import { envelope, serveFixture } from "../../test/serve-fixture.ts";
import { logging } from "./logging.ts";
import { requestContext } from "./request-context.ts";
import { fuse, serverInterceptor } from "./server-interceptor.ts";

/** A logger of JSON that knows less than pino: lines are what it was given, and no more. */
function plainLog(more: object = {}): { logger: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const write = (fields: object, msg: string) => lines.push({ ...fields, msg });
  const logger = { ...more, debug: write, info: write, warn: write, error: write };
  return { logger, lines };
}

/** Makes the level a child's own, as older pinos do. */
function keepLevel(child: ChildLogger): void {
  const { level } = child;
  child.level = level;
}

const constantFields = {
  "grpc.component": "server",
  "grpc.service": "fixtures.FixtureService",
  "grpc.method": "Unary",
  "grpc.method_type": "unary",
  "grpc.code": "OK",
};

describe("the lines of a method", () => {
  it("have what they have in common by one child of the logger", async () => {
    const log = memoryLog();
    const children = vi.fn();
    const logger = pino({ onChild: children }, { write: () => {} });
    const { client } = await serveFixture({
      interceptors: [logging({ logger }), logging({ logger: log.logger })],
    });
    await callFixture(client, "unary").outcome;
    await expect.poll(() => log.lines).toMatchObject([constantFields]);
    const made = children.mock.calls.length;
    expect(made).toBeGreaterThan(0);
    await callFixture(client, "unary").outcome;
    await expect.poll(() => log.lines.length).toBe(2);
    expect(children.mock.calls.length).toBe(made);
  });

  it.each([
    ["has no children", {}],
    ["throws when asked for a child", { child: () => expect.fail("asked") }],
    ["has something else as child", { child: 7 }],
  ])("have it for a logger that %s, and nothing undefined", async (_what, more) => {
    const { logger, lines } = plainLog(more);
    const { client } = await serveFixture({
      interceptors: [requestContext(), logging({ logger })],
      handlers: {
        unary({ metadata }: { metadata: Metadata }, callback: sendUnaryData<Envelope>) {
          callValues(metadata).get(loggerKey)?.info({ stock: 1 }, "reserved");
          callback(null, envelope({}));
        },
      },
    });
    const deadline = Number.POSITIVE_INFINITY;
    await callFixture(client, "unary", { deadline }).outcome;
    await expect.poll(() => lines.length).toBe(3);
    const request_id = expect.any(String);
    expect(lines).toMatchObject([
      { msg: "started call", "grpc.method": "Unary", request_id },
      { msg: "reserved", stock: 1, request_id },
      { msg: "finished call", ...constantFields, request_id },
    ]);
    for (const line of lines) {
      expect(JSON.parse(JSON.stringify(line))).toStrictEqual(line);
    }
    expect(lines[2]).not.toHaveProperty("grpc.request.deadline");
  });

  it.each([
    ["have that of their parent", () => {}],
    ["keep that of their beginning", keepLevel],
  ])("follow the level of a logger whose children %s", async (_what, onChild) => {
    const lines: LogLine[] = [];
    const write = (line: string) => lines.push(JSON.parse(line));
    const logger = pino({ level: "error", onChild }, { write });
    // Outermost, so that it is told of the end when the line has been written.
    const onEnd = vi.fn();
    const interceptors = fuse([serverInterceptor(() => ({ onEnd })), logging({ logger })]);
    const { client } = await serveFixture({ interceptors });
    let calls = 0;
    for (const level of ["error", "info", "debug", "error"]) {
      logger.level = level;
      for (const kind of ["unary", "bidi"] as const) {
        await callFixture(client, kind).outcome;
        calls += 1;
        await expect.poll(() => onEnd.mock.calls.length).toBe(calls);
      }
    }
    const ended = ["Unary", "Bidi"].map((method) => [30, method]);
    const begun = ended.map(([, method]) => [20, method]);
    const atDebug = begun.flatMap((line, index) => [line, ended[index]]);
    expect(lines.map((line) => [line.level, line["grpc.method"]])).toEqual([...ended, ...atDebug]);
  });

  it("have a level that is asked for once, but for codes that there are not", async () => {
    const log = memoryLog("warn");
    const levelOf = vi.fn((_code: status) => "warn" as const);
    const codes = [status.NOT_FOUND, status.ABORTED, status.NOT_FOUND, 99, 99];
    const left = [...codes];
    const { client } = await serveFixture({
      interceptors: [logging({ ...log, levelOf })],
      handlers: {
        unary: (_call: unknown, callback: sendUnaryData<Envelope>) =>
          callback({ code: left.shift() as status }),
      },
    });
    for (const _code of codes) {
      await callFixture(client, "unary").outcome;
    }
    const names = ["NOT_FOUND", "ABORTED", "NOT_FOUND", "UNKNOWN", "UNKNOWN"];
    await expect.poll(() => log.lines.map((line) => line["grpc.code"])).toEqual(names);
    expect(levelOf.mock.calls.map(([code]) => code)).toEqual([5, 10, 99, 99]);
  });
});
