import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { outcomeOf } from "../../test/fixture-stub.ts";
import { openStub } from "../../test/open-stub.ts";
import { cancelled, type ServedStream, serveStreams } from "../../test/serve-streams.ts";
import type { Requests } from "../stub/stub.ts";

const kinds = ["clientStream", "bidi"] as const;

async function start(onStream: (stream: ServedStream) => void = () => {}) {
  const server = await serveStreams(onStream);
  return { ...openStub(server.target, { circuitBreaker: false }), server };
}

/** Answers once all is there. */
function answerLast(stream: ServedStream): void {
  stream.http2.on("end", () => {
    stream.send({});
    stream.end();
  });
}

function numbered(index: number): Envelope {
  return Envelope.create({ index: BigInt(index) });
}

function* count(to: number): Generator<Envelope> {
  for (let index = 0; index < to; index += 1) {
    yield numbered(index);
  }
}

async function* countLater(to: number): AsyncGenerator<Envelope> {
  for (const request of count(to)) {
    await delay(0);
    yield request;
  }
}

describe.each(kinds)("the requests of a %s call", (kind) => {
  it.each<[string, () => Requests<Envelope>, number]>([
    ["none", () => [], 0],
    ["an array", () => [...count(3)], 3],
    ["a generator", () => count(100), 100],
    ["an async generator", () => countLater(20), 20],
    ["a set", () => new Set(count(2)), 2],
    ["many, before the connection is ready", () => count(5_000), 5_000],
  ])("may be %s, and come in their order", async (_name, requests, length) => {
    const { stub, channel, server } = await start(answerLast);
    expect((await outcomeOf(stub[kind](requests()))).code).toBe(status.OK);
    const [stream] = server.streams;
    expect(stream?.requests).toEqual([...count(length)]);
    expect(stream?.isComplete).toBe(true);
    expect(channel.openCalls).toBe(0);
  });

  it.each<[string, (error: Error) => Requests<Envelope>]>([
    [
      "a generator",
      function* (error) {
        yield numbered(0);
        throw error;
      },
    ],
    [
      "an async generator",
      async function* (error) {
        yield numbered(0);
        await delay(20);
        throw error;
      },
    ],
  ])(
    "that throw end it with that, and the server sees it cancelled: %s",
    async (_name, requests) => {
      const { stub, channel, server } = await start();
      // With a request before it, so that the server has seen the call.
      const error = new Error("from the requests");
      await expect(outcomeOf(stub[kind](requests(error)))).rejects.toBe(error);
      expect(channel.openCalls).toBe(0);
      await expect
        .poll(() => server.streams.every(({ rstCode }) => rstCode === cancelled))
        .toBe(true);
    },
  );

  it.each([undefined, null, 5, {}])("must be iterable, unlike %j", async (requests) => {
    const { stub, channel } = await start();
    const call = outcomeOf(stub[kind](requests as unknown as Envelope[]));
    await expect(call).rejects.toThrow(/^requests must be iterable, got /);
    await expect(call).rejects.toThrow(TypeError);
    expect(channel.openCalls).toBe(0);
  });

  it("that cannot be serialised end it with INTERNAL, and the cause", async () => {
    const { stub, channel, server } = await start();
    const call = stub[kind]([numbered(0), { index: "no number" } as unknown as Envelope]);
    const error = await (kind === "bidi"
      ? (call as AsyncIterator<Envelope>).next()
      : (call as Promise<Envelope>)
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: status.INTERNAL, local: true, cause: expect.any(Error) });
    expect(channel.openCalls).toBe(0);
    await expect
      .poll(() => server.streams.every(({ rstCode }) => rstCode === cancelled))
      .toBe(true);
  });

  it("are not pulled while the server reads none", async () => {
    const { stub, server } = await start(({ http2 }) => void http2.pause());
    let pulled = 0;
    function* requests(): Generator<Envelope> {
      for (; pulled < 10_000; pulled += 1) {
        yield Envelope.create({ payload: Buffer.alloc(16_384) });
      }
    }
    const call = outcomeOf(stub[kind](requests()));
    for (let before = -1; before !== pulled || pulled === 0; ) {
      before = pulled;
      await delay(200);
    }
    // 1 MiB is kept for another attempt, and the rest is on its way.
    expect(pulled).toBeLessThan(200);
    server.streams[0]?.end(status.ABORTED);
    expect((await call).code).toBe(status.ABORTED);
  });

  it("do not keep timers from running, however many and small they are", async () => {
    const { stub } = await start();
    let hasTimerRun = false;
    let pulled = 0;
    function* requests(): Generator<Envelope> {
      for (; !hasTimerRun && pulled < 1_000_000; pulled += 1) {
        yield Envelope.create();
      }
      throw new Error("enough");
    }
    setTimeout(() => {
      hasTimerRun = true;
    }, 1);
    await expect(outcomeOf(stub[kind](requests()))).rejects.toThrow("enough");
    expect(pulled).toBeLessThan(1_000_000);
  });
});

describe.each(kinds)("F11: the requests of a %s call are finalised", (kind) => {
  /** A generator that never ends, and whether it has been finalised. */
  function endless(isAsync: boolean) {
    const state = { isFinalised: false };
    function* requests(): Generator<Envelope> {
      try {
        for (let index = 0; ; index += 1) {
          yield numbered(index);
        }
      } finally {
        state.isFinalised = true;
      }
    }
    async function* requestsLater(): AsyncGenerator<Envelope> {
      for (const request of requests()) {
        yield request;
        await delay(1);
      }
    }
    return { state, requests: isAsync ? requestsLater() : requests() };
  }

  it.each<[string, boolean]>([
    ["a generator", false],
    ["an async generator", true],
  ])(
    "1000 of 1000, however it ends: %s",
    async (_name, isAsync) => {
      const ends = [
        (stream: ServedStream) => stream.end(status.ABORTED),
        (stream: ServedStream) => {
          stream.send({});
          stream.end();
        },
        (stream: ServedStream) => stream.reset(2),
        () => {},
      ];
      let position = 0;
      const { stub, channel } = await start((stream) => {
        position += 1;
        ends[position % ends.length]?.(stream);
      });
      let finalised = 0;
      for (let round = 0; round < 10; round += 1) {
        const calls = Array.from({ length: 100 }, async (_, call) => {
          const { state, requests } = endless(isAsync);
          const signal = AbortSignal.timeout(call % 2 === 0 ? 100 : 30_000);
          await outcomeOf(stub[kind](requests, { signal, timeoutMs: 200, retry: false }));
          await expect.poll(() => state.isFinalised, { interval: 5 }).toBe(true);
          finalised += 1;
        });
        await Promise.all(calls);
      }
      expect(finalised).toBe(1_000);
      expect(channel.openCalls).toBe(0);
    },
    60_000,
  );

  it("though they fail at that", async () => {
    const { stub, channel } = await start((stream) => stream.end(status.ABORTED));
    let isFinalised = false;
    function* requests(): Generator<Envelope> {
      try {
        for (;;) {
          yield numbered(0);
        }
      } finally {
        isFinalised = true;
        // biome-ignore lint/correctness/noUnsafeFinally: it is what must do no harm
        throw new Error("from finally");
      }
    }
    expect((await outcomeOf(stub[kind](requests()))).code).toBe(status.ABORTED);
    await expect.poll(() => isFinalised).toBe(true);
    expect(channel.openCalls).toBe(0);
  });

  it("though they end the call themselves", async () => {
    const { stub, channel } = await start();
    const abort = new AbortController();
    let isFinalised = false;
    function* requests(): Generator<Envelope> {
      try {
        yield numbered(0);
        abort.abort();
        yield numbered(1);
      } finally {
        isFinalised = true;
      }
    }
    const call = outcomeOf(stub[kind](requests(), { signal: abort.signal }));
    expect((await call).code).toBe(status.CANCELLED);
    await expect.poll(() => isFinalised).toBe(true);
    expect(channel.openCalls).toBe(0);
  });
});
