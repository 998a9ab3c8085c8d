import { once } from "node:events";
import { Metadata, status } from "@grpc/grpc-js";
import { callFixture, callKinds, createFixtureClient, type FixtureCall } from "@grpc-kit/testing";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { callErrorOf } from "../test/call-error-of.ts";
import { intercept } from "../test/intercept.ts";
import { emptyMessages, openRawCall, statusOf } from "../test/raw-call.ts";
import { type FixtureHandlers, type ServedFixture, serveFixture } from "../test/serve-fixture.ts";
import type { GrpcServerOptions } from "./server-options.ts";

interface Held extends ServedFixture {
  /** Lets the handlers that run go on. */
  release(): void;
  ran(): number;
}

/** Serves handlers of all kinds that wait until they are released, whatever becomes of their calls. */
async function serveHeld(options: Partial<GrpcServerOptions>): Promise<Held> {
  let goOn = Promise.withResolvers<void>();
  let ran = 0;
  const wait = (): Promise<void> => {
    ran += 1;
    return goOn.promise;
  };
  const handlers: FixtureHandlers = {
    async unary(request) {
      await wait();
      return request;
    },
    async *serverStream(request) {
      await wait();
      yield request;
    },
    async clientStream() {
      await wait();
      return Envelope.create({});
    },
    async *bidi() {
      await wait();
      yield Envelope.create({});
    },
  };
  const served = await serveFixture(handlers, options);
  const release = (): void => {
    goOn.resolve();
    goOn = Promise.withResolvers<void>();
  };
  onTestFinished(release);
  return { ...served, release, ran: () => ran };
}

describe("maxConcurrentRpcs", () => {
  it.each(callKinds)(
    "A2: counts a handler until it has settled, though its call is gone: %s",
    async (kind) => {
      const { server, client, release, ran } = await serveHeld({
        maxConcurrentRpcs: 2,
        maxQueuedRpcs: 0,
      });
      const calls = [callFixture(client, kind), callFixture(client, kind)];
      await expect.poll(ran).toBe(2);
      for (const call of calls) {
        call.cancel();
        await call.outcome;
      }
      const refused = await callFixture(client, kind).outcome;
      expect(refused.code).toBe(status.RESOURCE_EXHAUSTED);
      expect(server.inFlight).toBe(2);
      expect(server.stats.refused.too_many_rpcs).toBe(1);
      release();
      await expect.poll(() => server.inFlight).toBe(0);
    },
  );

  it("is 100 by default, and 20 more may wait", async () => {
    const { server, client, release, ran } = await serveHeld({ maxConcurrentStreams: 1_000 });
    const calls = Array.from({ length: 150 }, () => callFixture(client, "unary"));
    await expect.poll(() => server.stats.refused.too_many_rpcs).toBe(30);
    expect(server.stats).toMatchObject({ inFlight: 100, queued: 20 });
    release();
    const first = Promise.all(calls.map(({ outcome }) => outcome));
    await expect.poll(ran).toBe(120);
    release();
    const codes = (await first).map(({ code }) => code);
    expect(codes.filter((code) => code === status.OK)).toHaveLength(120);
    expect(codes.filter((code) => code === status.RESOURCE_EXHAUSTED)).toHaveLength(30);
    expect(server.stats).toMatchObject({ inFlight: 0, queued: 0 });
  });

  it("tells refused callers when to come back, and that nothing was done", async () => {
    const { client, ran } = await serveHeld({ maxConcurrentRpcs: 1, maxQueuedRpcs: 0 });
    callFixture(client, "unary");
    await expect.poll(ran).toBe(1);
    const refused = await callFixture(client, "unary").outcome;
    expect(refused.headers).toBeUndefined();
    const error = callErrorOf(refused);
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(error.details).toBe("the server has as many calls as it can run; try again later");
    expect(error.reason).toBe("TOO_MANY_RPCS");
    expect(error.retryDelayMs).toBeGreaterThanOrEqual(200);
    expect(error.retryDelayMs).toBeLessThanOrEqual(900);
    expect(Number(refused.trailers.get("grpc-retry-pushback-ms")[0])).toBe(error.retryDelayMs);
  });

  it("refuses by the headers alone: no message is decoded and no interceptor asked", async () => {
    const asked = vi.fn();
    const { server, port, client, ran } = await serveHeld({
      maxConcurrentRpcs: 1,
      maxQueuedRpcs: 0,
      interceptors: [
        intercept(
          {},
          {
            onReceiveMetadata(metadata, next) {
              asked();
              next(metadata);
            },
          },
        ),
      ],
    });
    callFixture(client, "unary");
    await expect.poll(ran).toBe(1);
    const decode = vi.spyOn(Envelope, "decode");
    const stream = openRawCall(port, "/fixtures.FixtureService/Unary");
    stream.end(emptyMessages(1));
    const [headers] = await once(stream, "response");
    expect(headers["grpc-status"]).toBe(String(status.RESOURCE_EXHAUSTED));
    expect(decode).not.toHaveBeenCalled();
    expect(asked).toHaveBeenCalledTimes(1);
    expect(server.stats.refused).toEqual({ too_many_rpcs: 1 });
  });

  it("does not apply to exempt methods", async () => {
    const { client, ran } = await serveHeld({
      maxConcurrentRpcs: 1,
      maxQueuedRpcs: 0,
      exemptMethods: ["/fixtures.FixtureService/ServerStream"],
    });
    callFixture(client, "unary");
    await expect.poll(ran).toBe(1);
    callFixture(client, "serverStream");
    await expect.poll(ran).toBe(2);
  });

  it("F8: leaves places to others, where one address may take so many", async () => {
    const { server, client, ran, release } = await serveHeld({ maxConcurrentRpcsPerPeer: 1 });
    for (let calls = 1; calls <= 3; calls += 1) {
      const call = callFixture(client, "unary");
      await expect.poll(ran).toBe(calls);
      const refused = callErrorOf(await callFixture(client, "unary").outcome);
      expect([refused.code, refused.reason]).toEqual([
        status.RESOURCE_EXHAUSTED,
        "TOO_MANY_RPCS_OF_PEER",
      ]);
      release();
      expect((await call.outcome).code).toBe(status.OK);
    }
    expect(server.stats.refused).toEqual({ too_many_rpcs_of_peer: 3 });
  });

  it.each([
    ["at once", false],
    ["after it has sent headers", true],
  ])("frees the place of a call that an interceptor refuses: %s", async (_name, sendsHeaders) => {
    const { server, client } = await serveFixture(
      {},
      {
        maxConcurrentRpcs: 1,
        interceptors: [
          (_method, call) => {
            if (sendsHeaders) {
              call.sendMetadata(new Metadata());
            }
            call.sendStatus({ code: status.UNAUTHENTICATED, details: "who is there?" });
            return call as never;
          },
        ],
      },
    );
    for (let calls = 0; calls < 3; calls += 1) {
      expect((await callFixture(client, "unary").outcome).code).toBe(status.UNAUTHENTICATED);
    }
    await expect.poll(() => server.inFlight).toBe(0);
  });
});

describe("the queue", () => {
  it("lets the newest run first and forgets callers that have gone", async () => {
    const order: string[] = [];
    let goOn = Promise.withResolvers<void>();
    const { server, client } = await serveFixture(
      {
        async unary(request) {
          order.push(request.text);
          await goOn.promise;
          return request;
        },
      },
      { maxConcurrentRpcs: 1 },
    );
    const calls: Record<string, FixtureCall> = {};
    for (const text of ["first", "older", "gone", "newer"]) {
      calls[text] = callFixture(client, "unary", { requests: [{ text }] });
      const waiting = Object.keys(calls).length - 1;
      await expect.poll(() => server.stats).toMatchObject({ inFlight: 1, queued: waiting });
    }
    calls.gone?.cancel();
    await expect.poll(() => server.stats.queued).toBe(2);
    goOn.resolve();
    goOn = Promise.withResolvers<void>();
    goOn.resolve();
    await Promise.all(Object.values(calls).map(({ outcome }) => outcome));
    expect(order).toEqual(["first", "newer", "older"]);
    expect(server.stats).toMatchObject({ inFlight: 0, queued: 0 });
  });

  it("lets no call wait longer than maxQueueMs", async () => {
    const { client, ran } = await serveHeld({ maxConcurrentRpcs: 1, maxQueueMs: 30 });
    callFixture(client, "unary");
    await expect.poll(ran).toBe(1);
    expect((await callFixture(client, "unary").outcome).code).toBe(status.RESOURCE_EXHAUSTED);
  });
});

describe("compressed requests", () => {
  const gzip = { "grpc-encoding": "gzip" };

  it("B4: run so many at once, and others do not wait for them", async () => {
    const { server, port, client, ran } = await serveHeld({ maxCompressedRpcs: 1, maxQueueMs: 50 });
    openRawCall(port, "/fixtures.FixtureService/ClientStream", gzip);
    await expect.poll(ran).toBe(1);
    const refused = openRawCall(port, "/fixtures.FixtureService/ClientStream", gzip);
    callFixture(client, "clientStream");
    await expect.poll(ran).toBe(2);
    const [headers] = await once(refused, "response");
    expect(headers["grpc-status"]).toBe(String(status.RESOURCE_EXHAUSTED));
    expect(server.stats.refused).toEqual({ too_many_compressed_rpcs: 1 });
  });

  it("give their place back when their handler has settled", async () => {
    const { port, ran, release } = await serveHeld({ maxCompressedRpcs: 1 });
    for (let calls = 1; calls <= 3; calls += 1) {
      const stream = openRawCall(port, "/fixtures.FixtureService/ClientStream", gzip).resume();
      await expect.poll(ran).toBe(calls);
      release();
      expect(await statusOf(stream)).toBe(status.OK);
    }
  });

  it.each([
    ["gzip", { maxCompressedRpcs: 0 }, "identity"],
    ["br", {}, "identity,deflate,gzip"],
  ])(
    "B6: are UNIMPLEMENTED in %s with %o, and told what is taken",
    async (encoding, options, accepted) => {
      const { port } = await serveHeld(options);
      const stream = openRawCall(port, "/fixtures.FixtureService/Unary", {
        "grpc-encoding": encoding,
      });
      const [headers] = await once(stream, "response");
      expect(headers["grpc-status"]).toBe(String(status.UNIMPLEMENTED));
      expect(headers["grpc-accept-encoding"]).toBe(accepted);
    },
  );
});

describe("maxMetadataBytes", () => {
  it("A8: refuses a call with more, and only that", async () => {
    const { server, port } = await serveFixture();
    const client = createFixtureClient(`127.0.0.1:${port}`);
    onTestFinished(() => client.close());
    const codeWith = async (bytes: number) => {
      const metadata = new Metadata();
      metadata.set("x-large", "x".repeat(bytes));
      return (await callFixture(client, "unary", { metadata }).outcome).code;
    };
    expect(await codeWith(15_000)).toBe(status.OK);
    expect(await codeWith(16_384)).toBe(status.RESOURCE_EXHAUSTED);
    expect(await codeWith(1_000)).toBe(status.OK);
    expect(server.stats.refused).toEqual({ metadata_too_large: 1 });
  });
});
