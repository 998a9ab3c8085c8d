import { credentials, Metadata, type sendUnaryData, status } from "@grpc/grpc-js";
import { NotFoundError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { type Envelope, FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, vi } from "vitest";
import { memoryLog } from "../../test/logging-lines.ts";
import { envelope, serveFixture } from "../../test/serve-fixture.ts";
import { requestContext } from "../server/request-context.ts";
import { serverInterceptor } from "../server/server-interceptor.ts";
import { logging } from "./logging.ts";

const refuse = serverInterceptor(() => {
  throw new NotFoundError("no item\u001b[31m 7, Bearer S3CR3T");
});

describe("logging of a client", () => {
  it.each(callKinds)("writes one line for a call, at debug if it succeeds: %s", async (kind) => {
    const log = memoryLog("debug");
    const { client } = await serveFixture({ clientInterceptors: [logging(log)] });
    const metadata = new Metadata();
    metadata.set("x-request-id", "r-1");
    await callFixture(client, kind, { metadata }).outcome;
    expect(log.lines).toMatchObject([
      {
        level: 20,
        "grpc.component": "client",
        "grpc.service": "fixtures.FixtureService",
        "grpc.method": kind.charAt(0).toUpperCase() + kind.slice(1),
        "grpc.code": "OK",
        "grpc.time_ms": expect.any(Number),
        "grpc.request.deadline": expect.stringMatching(/Z$/),
        request_id: "r-1",
        msgs_in: 1,
        msgs_out: 1,
      },
    ]);
    expect(log.lines[0]).not.toHaveProperty("grpc.error");
  });

  it.each(callKinds)("tells of a failure what the server has said: %s", async (kind) => {
    const log = memoryLog("debug");
    const { client } = await serveFixture({
      interceptors: [refuse],
      clientInterceptors: [logging({ ...log, levelOf: (code) => (code === 5 ? "warn" : "info") })],
    });
    await callFixture(client, kind).outcome;
    expect(log.lines).toMatchObject([
      {
        level: 40,
        "grpc.code": "NOT_FOUND",
        "grpc.error": "no item [31m 7, Bearer [redacted]",
      },
    ]);
  });

  it("logs nothing of a success at info, and a server that is not there at warn", async () => {
    const log = memoryLog();
    const { client } = await serveFixture({ clientInterceptors: [logging(log)] });
    await callFixture(client, "unary").outcome;
    const lost = new FixtureServiceClient("127.0.0.1:1", credentials.createInsecure(), {
      interceptors: [logging(log)],
    });
    await callFixture(lost, "unary").outcome;
    lost.close();
    expect(log.lines).toMatchObject([{ level: 40, "grpc.code": "UNAVAILABLE" }]);
  });

  it("has the id of the call that is served, and no date that cannot be", async () => {
    const log = memoryLog("debug");
    const { client: inner } = await serveFixture({ clientInterceptors: [logging(log)] });
    const { client } = await serveFixture({
      interceptors: [requestContext()],
      handlers: {
        async unary(_call: unknown, callback: sendUnaryData<Envelope>) {
          await callFixture(inner, "unary", { deadline: Number.POSITIVE_INFINITY }).outcome;
          callback(null, envelope({}));
        },
      },
    });
    const metadata = new Metadata();
    metadata.set("x-request-id", "r-2");
    await callFixture(client, "unary", { metadata }).outcome;
    expect(log.lines).toMatchObject([{ "grpc.component": "client", request_id: "r-2" }]);
    expect(log.lines[0]).not.toHaveProperty("grpc.request.deadline");
  });

  it("lets calls be when the logger throws", async () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const broken = () => {
      throw new Error("disk full");
    };
    const logger = { debug: broken, info: broken, warn: broken, error: broken };
    const { client } = await serveFixture({ clientInterceptors: [logging({ logger })] });
    const { code } = await callFixture(client, "unary").outcome;
    expect([code, write.mock.calls.length]).toEqual([status.OK, 1]);
    write.mockRestore();
    expect(() => logging({} as never)).toThrow(TypeError);
  });
});
