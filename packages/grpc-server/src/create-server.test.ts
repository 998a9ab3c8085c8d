import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { connect as connectTcp } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import { emptyMessages, openRawCall } from "../test/raw-call.ts";
import { echo, type FixtureHandlers, serveFixture } from "../test/serve-fixture.ts";
import { createGrpcServer } from "./create-server.ts";
import type { GrpcServerOptions } from "./server-options.ts";

const options: GrpcServerOptions = { host: "127.0.0.1", port: 0, insecure: true };

describe("createGrpcServer", () => {
  it.each<[object, string]>([
    [{ host: "" }, "host must be an address or a name, got ''"],
    [{ port: -1 }, "port must be an integer from 0 to 65535, got -1"],
    [{ port: 65_536 }, "port must be an integer from 0 to 65535, got 65536"],
    [{ port: "50051" }, "port must be an integer from 0 to 65535, got '50051'"],
    [{ path: 7 }, "path must be the path of a Unix socket, got 7"],
    [{ insecure: false }, "insecure must be true or left out, got false"],
    [{ insecure: undefined }, "tls must be given, or insecure: true for plaintext, got neither"],
    [{ tls: { certFile: "a", keyFile: "b" } }, "tls and insecure exclude each other, got both"],
    [
      { insecure: undefined, tls: { certFile: "a" } },
      "tls.keyFile must be the path of a file, got undefined",
    ],
    [
      { insecure: undefined, tls: { certFile: "a", keyFile: "b", clientCaFile: "" } },
      "tls.clientCaFile must be the path of a file, got ''",
    ],
    [
      { insecure: undefined, tls: { certFile: "a", keyFile: "b", minVersion: "TLSv1" } },
      'tls.minVersion must be "TLSv1.2" or "TLSv1.3", got \'TLSv1\'',
    ],
    [{ maxConcurrentRpcs: 0 }, "maxConcurrentRpcs must be an integer from 1, or Infinity, got 0"],
    [{ maxQueuedRpcs: -1 }, "maxQueuedRpcs must be an integer from 0, or Infinity, got -1"],
    [
      { maxQueueMs: 0 },
      "maxQueueMs must be milliseconds above 0 and up to 2147483647, or Infinity",
    ],
    [
      { maxCompressedRpcs: 0.5 },
      "maxCompressedRpcs must be an integer from 0, or Infinity, got 0.5",
    ],
    [{ maxConcurrentStreams: Number.POSITIVE_INFINITY }, "maxConcurrentStreams must be an integer"],
    [{ maxReceiveMessageBytes: -2 }, "maxReceiveMessageBytes must be a number of bytes, or -1"],
    [{ exemptMethods: ["Check"] }, 'exemptMethods must be paths like "/pkg.Service/Method"'],
    [{ longLivedMethods: ["/a/b/c"] }, 'longLivedMethods must be paths like "/pkg.Service/Method"'],
    [{ deadlines: { maxMs: -5 } }, "deadlines.maxMs must be milliseconds above 0"],
    [
      { deadlines: { methods: { "/a/B": { defaultMs: Number.NaN } } } },
      'deadlines.methods["/a/B"].defaultMs must be milliseconds above 0',
    ],
    [{ connections: { max: 0 } }, "connections.max must be an integer from 1, or Infinity, got 0"],
    [
      { connections: { resetBudget: { burst: 1, perSecond: 0 } } },
      "connections.resetBudget.perSecond must be a number above 0, got 0",
    ],
    [{ keepalive: { timeMs: "1m" } }, "keepalive.timeMs must be milliseconds above 0"],
    [{ admin: { port: -1 } }, "admin.port must be an integer from 0 to 65535, got -1"],
    [{ interceptors: [() => {}, {}] }, "interceptors must be functions, got {} at 1"],
    [{ onError: "stderr" }, "onError must be a function, got 'stderr'"],
    [{ errorToStatus: 13 }, "errorToStatus must be a function, got 13"],
  ])("refuses %o", (wrong, message) => {
    const attempt = () => createGrpcServer({ ...options, ...wrong } as GrpcServerOptions);
    expect(attempt).toThrow(message);
  });
});

describe("addService", () => {
  it("refuses a missing handler, a wrong one and one too many", () => {
    const server = createGrpcServer(options);
    const add = (handlers: object) => () =>
      server.addService(FixtureServiceService, handlers as FixtureHandlers);
    const { bidi, ...withoutBidi } = echo;
    expect(add(withoutBidi)).toThrow(
      'handlers must have a function "bidi" for /fixtures.FixtureService/Bidi, got undefined',
    );
    expect(add({ ...echo, unary: 7 })).toThrow('a function "unary"');
    expect(add({ ...echo, unray: bidi })).toThrow(
      'handlers must be methods of the service, got "unray"',
    );
  });

  it("refuses a service that is there already", () => {
    const server = createGrpcServer(options).addService(FixtureServiceService, echo);
    expect(() => server.addService(FixtureServiceService, echo)).toThrow(
      "service must be added once, got /fixtures.FixtureService/Unary again",
    );
  });
});

describe("start", () => {
  it("F17: rejects when the port is taken", async () => {
    const { port } = await serveFixture();
    const second = createGrpcServer({ ...options, port });
    await expect(second.start()).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: listen EADDRINUSE`,
    );
    await second.stop();
  });

  it("may be tried again when the port was taken", async () => {
    const { server, port } = await serveFixture();
    const second = createGrpcServer({ ...options, port });
    await expect(second.start()).rejects.toThrow("EADDRINUSE");
    await server.stop();
    expect(await second.start()).toMatchObject({ host: "127.0.0.1", port });
    await second.stop();
  });

  it("L1: always limits the streams of a connection", async () => {
    const channelOptions = { "grpc.max_concurrent_streams": undefined as never };
    const { port } = await serveFixture({}, { channelOptions });
    const { session } = openRawCall(port, "/fixtures.FixtureService/Unary");
    const [settings] = await once(session as ClientHttp2Session, "remoteSettings");
    expect(settings.maxConcurrentStreams).toBe(100);
  });

  it("F17: may be called twice", async () => {
    const server = createGrpcServer(options);
    expect(await server.start()).toEqual(await server.start());
    await server.stop();
  });

  it("rejects after stop", async () => {
    const server = createGrpcServer(options);
    await server.stop();
    await expect(server.start()).rejects.toThrow("server has been stopped; create another");
  });
});

describe("stop", () => {
  it("lets running calls end and refuses new ones", async () => {
    const started = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const { server, client } = await serveFixture({
      async unary(request) {
        started.resolve();
        await goOn.promise;
        return request;
      },
    });
    const running = callFixture(client, "unary");
    await started.promise;
    const stopped = server.stop();
    await delay(20);
    const refused = await callFixture(client, "unary").outcome;
    expect(refused.code).toBe(status.UNAVAILABLE);
    goOn.resolve();
    expect((await running.outcome).code).toBe(status.OK);
    await stopped;
  });

  // Without channelz, grpc-js forgets its connections and cuts nothing.
  const cases = callKinds.flatMap((kind) => [0, 1].map((channelz) => [kind, channelz] as const));
  it.each(cases)(
    "G3: cuts calls that outlast the grace: %s, channelz %i",
    async (kind, channelz) => {
      const started = Promise.withResolvers<AbortSignal>();
      const hang = (signal: AbortSignal) => {
        started.resolve(signal);
        return new Promise<never>((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      };
      const { server, client, errors } = await serveFixture(
        {
          unary: (_request, { signal }) => hang(signal),
          clientStream: (_requests, { signal }) => hang(signal),
          async *serverStream(_request, { signal }) {
            yield hang(signal);
          },
          async *bidi(_requests, { signal }) {
            yield hang(signal);
          },
        },
        { channelOptions: { "grpc.enable_channelz": channelz } },
      );
      const { outcome } = callFixture(client, kind, { keepOpen: true });
      const signal = await started.promise;
      await server.stop({ graceMs: 50 });
      expect((await outcome).code).toBe(status.UNAVAILABLE);
      await expect.poll(() => signal.aborted).toBe(true);
      expect(errors).toEqual([]);
    },
  );

  it.each([0, 1])(
    "G4: is not held up by a connection that says nothing, channelz %i",
    async (channelz) => {
      const channelOptions = { "grpc.enable_channelz": channelz };
      const { server, port } = await serveFixture({}, { channelOptions });
      const silent = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true }).resume();
      silent.on("error", () => {});
      onTestFinished(() => void silent.destroy());
      await once(silent, "connect");
      await server.stop({ graceMs: 2 ** 31 - 1 });
    },
  );

  it("does not wait for the grace when nothing is running", async () => {
    const { server, client } = await serveFixture();
    await callFixture(client, "unary").outcome;
    await server.stop({ graceMs: 2 ** 31 - 1 });
  });

  it("F17: may be called twice, and before start", async () => {
    const server = createGrpcServer(options);
    await Promise.all([server.stop(), server.stop()]);
    await server.start().catch(() => {});
    await server.stop();
  });

  it.each([-1, Number.NaN, 2 ** 31])("refuses graceMs = %s", async (graceMs) => {
    const server = createGrpcServer(options);
    await expect(server.stop({ graceMs })).rejects.toThrow(
      `graceMs must be a number from 0 to 2147483647, got ${graceMs}`,
    );
    await server.stop();
  });

  it("happens at the end of an `await using` block", async () => {
    const server = createGrpcServer(options);
    await server.start();
    await server[Symbol.asyncDispose]();
    await expect(server.start()).rejects.toThrow("stopped");
  });
});

describe("a call with the wrong number of messages", () => {
  it.each([
    ["Unary", 0],
    ["Unary", 2],
    ["ServerStream", 0],
    ["ServerStream", 2],
  ])("B7: is UNIMPLEMENTED, and its handler is not run: %s of %i", async (method, count) => {
    let runs = 0;
    const { port } = await serveFixture({
      unary(request) {
        runs += 1;
        return request;
      },
      *serverStream(request) {
        runs += 1;
        yield request;
      },
    });
    const stream = openRawCall(port, `/fixtures.FixtureService/${method}`);
    stream.end(emptyMessages(count));
    const [headers] = await once(stream, "response");
    expect(headers["grpc-status"]).toBe(String(status.UNIMPLEMENTED));
    expect(runs).toBe(0);
  });
});
