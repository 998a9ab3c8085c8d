import { Metadata, status } from "@grpc/grpc-js";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { outcomeOf } from "../../test/fixture-stub.ts";
import { openStub } from "../../test/open-stub.ts";
import { ok, serveAttempts, unavailable } from "../../test/serve-attempts.ts";
import { serveStreams } from "../../test/serve-streams.ts";
import type { GrpcChannel } from "../channel/grpc-channel.ts";
import { createClientFactory } from "../client-factory.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("requestIdField", () => {
  const methods = { unary: { requestIdField: "text" } } as const;

  it("is filled once for a call, with the same in all its attempts", async () => {
    const { port, attempts } = await serveAttempts((_attempt, position) =>
      position < 2 ? unavailable : ok,
    );
    const { stub } = openStub(`127.0.0.1:${port}`, {
      methods,
      descriptorSets: [],
      retry: { backoffBaseMs: 1, maxBackoffMs: 1 },
    });
    const request = Envelope.create({ index: 7n });
    await stub.unary(request);
    await stub.unary(request);
    const [first = [], second = [], third = [], other = []] = attempts.map(
      ({ requests }) => requests,
    );
    expect(first).toMatchObject([{ index: 7n, text: expect.stringMatching(uuid) }]);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(other[0]?.text).toMatch(uuid);
    expect(other[0]?.text).not.toBe(first[0]?.text);
    expect(request.text).toBe("");
  });

  it("keeps what the caller has put there", async () => {
    const { port, attempts } = await serveAttempts(() => ok);
    const { stub } = openStub(`127.0.0.1:${port}`, { methods });
    await stub.unary(Envelope.create({ text: "mine" }));
    expect(attempts[0]?.requests).toMatchObject([{ text: "mine" }]);
  });

  it("is filled in the request of a stream as well", async () => {
    const { port, attempts } = await serveAttempts(() => ok);
    const { stub } = openStub(`127.0.0.1:${port}`, {
      methods: { serverStream: { requestIdField: "text" } },
    });
    await stub.serverStream(Envelope.create()).next();
    expect(attempts[0]?.requests).toMatchObject([{ text: expect.stringMatching(uuid) }]);
  });

  it.each([null, undefined, 5])(
    "lets no request that is none leave a call behind: %s",
    async (none) => {
      const { target, streams } = await serveStreams();
      const { stub, channel } = openStub(target, {
        methods: { unary: methods.unary, serverStream: methods.unary },
      });
      const request = none as unknown as Envelope;
      for (const call of [stub.unary(request), stub.serverStream(request).next()]) {
        await expect(call).rejects.toBeInstanceOf(Error);
      }
      expect(channel.openCalls).toBe(0);
      await expect.poll(() => streams.every(({ rstCode }) => rstCode === 8)).toBe(true);
    },
  );
});

describe("the time that a call may take", () => {
  it("is the method's unless the call has its own, or else the client's", async () => {
    const { target, streams } = await serveStreams((stream) => stream.end(status.ABORTED));
    const { stub } = openStub(target, {
      defaultTimeoutMs: 40_000,
      defaultStreamTimeoutMs: "none",
      methods: { clientStream: { timeoutMs: 20_000 }, serverStream: { timeoutMs: 10_000 } },
    });
    const request = Envelope.create();
    const calls = [
      () => stub.unary(request),
      () => stub.clientStream([]),
      () => stub.clientStream([], { timeoutMs: 5_000 }),
      () => stub.serverStream(request),
      () => stub.bidi([]),
      () => stub.bidi([], { timeoutMs: 3_000 }),
    ];
    for (const call of calls) {
      await outcomeOf(call());
    }
    const timeouts = streams.map(({ headers }) =>
      Number.parseInt(String(headers["grpc-timeout"]), 10),
    );
    const wanted = [40_000, 20_000, 5_000, 10_000, Number.NaN, 3_000];
    expect(timeouts.map((ms) => Math.ceil(ms / 1_000))).toEqual(wanted.map((ms) => ms / 1_000));
  });

  it("must be said of a stream of responses", async () => {
    const { target, streams } = await serveStreams();
    const factory = createClientFactory();
    const channel = factory.createChannel(target, { credentials: "insecure" });
    const stub = factory.createStub(FixtureServiceService, channel);
    const stream = stub.serverStream(Envelope.create());
    const message =
      'timeoutMs must be milliseconds, or "none" in a call of /fixtures.FixtureService/ServerStream, got undefined';
    await expect(stream.next()).rejects.toThrow(new TypeError(message));
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    for (const wrong of ["none", "5", Number.NaN, null]) {
      const timeoutMs = wrong as number;
      await expect(stub.unary(Envelope.create(), { timeoutMs })).rejects.toThrow(TypeError);
    }
    expect(channel.openCalls).toBe(0);
    expect(streams).toHaveLength(0);
    await factory.close();
  });

  it.each([0, -1])("is over if it is %d", async (timeoutMs) => {
    const { target } = await serveStreams();
    const { stub } = openStub(target);
    const call = stub.unary(Envelope.create(), { timeoutMs });
    await expect(call).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED, attempts: 0 });
  });
});

describe("createStub", () => {
  const factory = createClientFactory();
  const channel = factory.createChannel("127.0.0.1:1", { credentials: "insecure" });
  const create = (options: object) => () =>
    factory.createStub(FixtureServiceService, channel, options);

  it.each<[object, string]>([
    [{ method: {} }, "options must be of methods, got 'method'"],
    [
      { methods: { binary: {} } },
      "methods must be of unary, serverStream, clientStream, bidi, got 'binary'",
    ],
    [
      { methods: { unary: { timeoutMs: "none" } } },
      "methods.unary.timeoutMs must be milliseconds above 0, got 'none'",
    ],
    [
      { methods: { bidi: { timeoutMs: 0 } } },
      'methods.bidi.timeoutMs must be milliseconds above 0, or "none", got 0',
    ],
    [{ methods: { unary: { retries: 1 } } }, "methods.unary must be of timeoutMs, "],
  ])("refuses %j", (options, message) => {
    expect(create(options)).toThrow(message);
  });

  it("takes channels of createChannel alone", () => {
    const other = { ...channel } as GrpcChannel;
    expect(() => factory.createStub(FixtureServiceService, other)).toThrow(
      /^channel must be what createChannel returned, got/,
    );
  });

  it("does not mind metadata that says to wait", async () => {
    const { stub } = openStub("127.0.0.1:1");
    const metadata = new Metadata({ waitForReady: true });
    const call = stub.unary(Envelope.create(), { metadata, timeoutMs: 200 });
    await expect(call).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  });
});
