import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { status } from "@grpc/grpc-js";
import {
  HealthCheckResponse_ServingStatus,
  HealthService,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import { startStub } from "../../test/fixture-stub.ts";
import { envelope } from "../../test/parity-call.ts";
import { createClientFactory } from "../client-factory.ts";
import type { Handlers } from "./handlers.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "./test-server.ts";

const { unary } = FixtureServiceService;

async function start(
  handlers: Handlers<FixtureServiceService>,
  options?: TestServerOptions,
): Promise<TestServer> {
  const server = await startTestServer(FixtureServiceService, handlers, options);
  onTestFinished(() => server.stop());
  return server;
}

async function connectSilently(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {}).resume();
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Never answers, and counts the calls that have come, and those that have ended. */
function waiting() {
  const count = { started: 0, aborted: 0 };
  const handlers: Handlers<FixtureServiceService> = {
    async unary(request, { signal }) {
      count.started += 1;
      await once(signal, "abort");
      count.aborted += 1;
      return request;
    },
  };
  return { count, handlers };
}

describe("startTestServer", () => {
  it("serves several services, each by the handlers that it was given last", async () => {
    const server = await start({ unary: () => envelope("first") });
    server.add(HealthService, {
      check: () => ({ status: HealthCheckResponse_ServingStatus.SERVING }),
    });
    const factory = createClientFactory();
    onTestFinished(() => factory.close({ graceMs: 0 }));
    const channel = factory.createChannel(server.target, { credentials: "insecure" });
    const health = factory.createStub(HealthService, channel);
    const fixture = factory.createStub(FixtureServiceService, channel);
    expect(await health.check({ service: "" })).toEqual({ status: 1 });
    expect((await fixture.unary(envelope(""))).text).toBe("first");
    server.add(FixtureServiceService, { unary: () => envelope("second") });
    expect((await fixture.unary(envelope(""))).text).toBe("second");
    expect(server.calls.map(({ method }) => method)).toEqual(["check", "unary", "unary"]);
  });

  it("fails and delays calls for clients that try again", async () => {
    const server = await start({ unary: (request) => request });
    const stub = startStub(server.target, {
      methods: { unary: { idempotent: true, retry: { backoffBaseMs: 10 } } },
    });
    server.failNext(unary, status.UNAVAILABLE);
    server.delay(unary, 50);
    const startedAt = performance.now();
    expect((await stub.unary(envelope("a"))).text).toBe("a");
    expect(performance.now() - startedAt).toBeGreaterThan(95);
    expect(server.calls.map(({ code }) => code)).toEqual([status.UNAVAILABLE, status.OK]);
  });

  it("does not abort the signal of a call that has succeeded", async () => {
    let signal: AbortSignal | undefined;
    const server = await start({
      unary: (request, context) => {
        signal = context.signal;
        return request;
      },
    });
    await startStub(server.target).unary(envelope("a"));
    await server.stop();
    expect(signal?.aborted).toBe(false);
  });

  it("cuts connections, and clients come back", async () => {
    const { count, handlers } = waiting();
    const server = await start({ ...handlers, clientStream: () => envelope("again") });
    const stub = startStub(server.target);
    const call = stub.unary(envelope(""), { retry: false }).catch((error) => error);
    await expect.poll(() => count.started).toBe(1);
    server.disconnect();
    expect(await call).toMatchObject({ code: status.UNAVAILABLE });
    await expect.poll(() => count.aborted).toBe(1);
    const { text } = await stub.clientStream([], { waitForReady: true });
    expect(text).toBe("again");
  });

  it("stops at once, whoever is connected, and may start again where it was", async () => {
    const { count, handlers } = waiting();
    const first = await start(handlers);
    const silent = await connectSilently(first.port);
    const isCut = once(silent, "close");
    const stub = startStub(first.target);
    const call = stub.unary(envelope(""), { retry: false }).catch((error) => error);
    await expect.poll(() => count.started).toBe(1);
    await Promise.all([first.stop(), first.stop()]);
    await isCut;
    expect(await call).toMatchObject({ code: status.UNAVAILABLE });
    await expect.poll(() => count.aborted).toBe(1);
    expect(first.calls).toMatchObject([{ code: status.CANCELLED }]);
    const second = await start({ unary: () => envelope("second") }, { port: first.port });
    expect(second.target).toBe(first.target);
    const { text } = await stub.unary(envelope(""), { waitForReady: true });
    expect(text).toBe("second");
  });

  it("rejects if the port is taken", async () => {
    const { port } = await start({});
    await expect(startTestServer(FixtureServiceService, {}, { port })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });

  it("never takes an upload that was given up for a whole one", async () => {
    const uploads: string[] = [];
    const server = await start({
      async clientStream(requests) {
        try {
          for await (const _request of requests) {
            controller.abort();
          }
          uploads.push("whole");
        } catch {
          uploads.push("broken");
        }
        return envelope("");
      },
    });
    const stub = startStub(server.target);
    async function* upload(signal: AbortSignal) {
      yield envelope("a");
      await once(signal, "abort");
    }
    let controller = new AbortController();
    for (let call = 0; call < 20; call += 1) {
      controller = new AbortController();
      const { signal } = controller;
      await stub.clientStream(upload(signal), { signal }).catch(() => {});
    }
    await expect.poll(() => uploads.length).toBe(20);
    expect(uploads).not.toContain("whole");
  });
});
