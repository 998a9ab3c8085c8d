import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { outcomeOf } from "../../test/fixture-stub.ts";
import { openStub } from "../../test/open-stub.ts";
import { cancelled, type ServedStream, serveStreams } from "../../test/serve-streams.ts";

const request = Envelope.create();
const done = { done: true, value: undefined };

async function start(onStream: (stream: ServedStream) => void = () => {}) {
  const server = await serveStreams(onStream);
  return { ...openStub(server.target), server };
}

function numbered(count: number): Partial<Envelope>[] {
  return Array.from({ length: count }, (_, index) => ({ index: BigInt(index) }));
}

describe("a stream of responses", () => {
  it("sends nothing until the first is asked for", async () => {
    const { stub, channel, server } = await start((stream) => {
      stream.send({ text: "one" });
      stream.end();
    });
    let isPulled = false;
    const requests = {
      *[Symbol.iterator]() {
        isPulled = true;
        yield request;
      },
    };
    const streams = [stub.serverStream(request), stub.bidi(requests)];
    await delay(50);
    expect(server.streams).toHaveLength(0);
    expect(isPulled).toBe(false);
    expect(channel.openCalls).toBe(0);
    for (const stream of streams) {
      expect(await stream.next()).toMatchObject({ done: false, value: { text: "one" } });
      expect(await stream.next()).toEqual(done);
    }
  });

  it("sends nothing at all if it is left before", async () => {
    const { stub, server } = await start((stream) => stream.end());
    const stream = stub.serverStream(request);
    expect(await stream.return?.()).toEqual(done);
    expect(await stream.next()).toEqual(done);
    await stub.serverStream(request).next();
    expect(server.streams).toHaveLength(1);
  });

  it("answers each next() in its turn, though none is waited for", async () => {
    const { stub } = await start((stream) => {
      stream.send(...numbered(3));
      stream.end();
    });
    const stream = stub.serverStream(request);
    const results = await Promise.all(Array.from({ length: 5 }, () => stream.next()));
    expect(results.map(({ value }) => value?.index)).toEqual([0n, 1n, 2n, undefined, undefined]);
  });

  it("fails once of several next(), and is over then", async () => {
    const { stub } = await start((stream) => {
      stream.send({});
      setTimeout(() => stream.end(status.ABORTED), 20);
    });
    const stream = stub.serverStream(request);
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => stream.next()));
    expect(results).toMatchObject([
      { status: "fulfilled", value: { done: false } },
      { status: "rejected", reason: { code: status.ABORTED } },
      { status: "fulfilled", value: done },
      { status: "fulfilled", value: done },
    ]);
  });

  it("has what was there before the error that ends it", async () => {
    const { stub, server } = await start((stream) => stream.send(...numbered(4)));
    const stream = stub.serverStream(request);
    await stream.next();
    await delay(50);
    server.streams[0]?.end(status.DATA_LOSS);
    await expect.poll(() => server.streams[0]?.rstCode).toBeDefined();
    await delay(50);
    const { code, messages } = await outcomeOf(stream);
    expect(messages.map(({ index }) => index)).toEqual([1n, 2n, 3n]);
    expect(code).toBe(status.DATA_LOSS);
    expect(await stream.next()).toEqual(done);
  });

  it("may be empty, or a status alone", async () => {
    const { stub } = await start((stream) => {
      stream.send();
      stream.end();
    });
    expect(await outcomeOf(stub.serverStream(request))).toEqual({ code: 0, messages: [] });
    const { stub: alone } = await start((stream) => stream.end(status.NOT_FOUND));
    const { code } = await outcomeOf(alone.bidi([]));
    expect(code).toBe(status.NOT_FOUND);
  });

  it("has 10,000 messages in their order", async () => {
    const { stub, channel } = await start((stream) => {
      stream.send(...numbered(10_000));
      stream.end();
    });
    const { code, messages } = await outcomeOf(stub.serverStream(request));
    expect(code).toBe(status.OK);
    expect(messages.findIndex(({ index }, position) => index !== BigInt(position))).toBe(-1);
    expect(messages).toHaveLength(10_000);
    expect(channel.openCalls).toBe(0);
  });

  it("is over when it is iterated again", async () => {
    const { stub } = await start((stream) => {
      stream.send({}, {});
      stream.end();
    });
    const stream = stub.serverStream(request);
    expect((await outcomeOf(stream)).messages).toHaveLength(2);
    expect((await outcomeOf(stream)).messages).toHaveLength(0);
  });

  it("ends at its deadline, with what came before it", async () => {
    const { stub, channel, server } = await start((stream) => stream.send({}, {}));
    const { code, messages } = await outcomeOf(stub.serverStream(request, { timeoutMs: 200 }));
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    expect(messages).toHaveLength(2);
    expect(channel.openCalls).toBe(0);
    await expect.poll(() => server.streams[0]?.rstCode).toBe(cancelled);
  });

  it("holds up a server that is faster than its reader", async () => {
    const payload = Buffer.alloc(16_384);
    let written = 0;
    const { stub } = await start(({ http2, send }) => {
      const write = (): void => {
        // With nothing in the server's own buffer: what is written is on its way.
        while (!http2.destroyed && http2.writableLength === 0 && written < 10_000) {
          send({ payload });
          written += 1;
        }
        if (!http2.destroyed && written < 10_000) {
          setImmediate(write);
        }
      };
      write();
    });
    const stream = stub.serverStream(request);
    await stream.next();
    // Once nothing has moved for so long, nothing will.
    for (let before = -1; before !== written; ) {
      before = written;
      await delay(200);
    }
    // 8 are kept here; the rest fits in the windows of HTTP/2, and the buffers of Node.js.
    expect(written).toBeLessThan(100);
    const stalledAt = written;
    for (let read = 0; read < 50; read += 1) {
      await stream.next();
    }
    await expect.poll(() => written).toBeGreaterThan(stalledAt + 30);
    await stream.return?.();
  });
});

describe("a stream that is left", () => {
  it("by break is cancelled at the server, and its requests are finalised", async () => {
    const { stub, channel, server } = await start((stream) => stream.send({}));
    let isFinalised = false;
    async function* requests(): AsyncGenerator<Envelope> {
      try {
        for (;;) {
          yield request;
          await delay(1);
        }
      } finally {
        isFinalised = true;
      }
    }
    for await (const _response of stub.bidi(requests())) {
      break;
    }
    expect(channel.openCalls).toBe(0);
    await expect.poll(() => server.streams[0]?.rstCode).toBe(cancelled);
    await expect.poll(() => isFinalised).toBe(true);
  });

  it("ends for whoever waits for its next message", async () => {
    const { stub, channel } = await start((stream) => stream.send({}));
    const stream = stub.serverStream(request);
    await stream.next();
    const waiting = [stream.next(), stream.next()];
    expect(await stream.return?.()).toEqual(done);
    expect(await Promise.all(waiting)).toEqual([done, done]);
    expect(channel.openCalls).toBe(0);
  });

  it("does not keep to itself what onStatus throws", async () => {
    const { stub, channel } = await start((stream) => stream.send({}));
    const error = new Error("from onStatus");
    const stream = stub.serverStream(request, {
      onStatus() {
        throw error;
      },
    });
    await stream.next();
    await expect(stream.return?.()).rejects.toBe(error);
    expect(await stream.return?.()).toEqual(done);
    expect(channel.openCalls).toBe(0);
  });

  it("says nothing of an error that nobody has read", async () => {
    const { stub, channel } = await start((stream) => stream.send({}));
    const abort = new AbortController();
    const stream = stub.serverStream(request, { signal: abort.signal });
    await stream.next();
    abort.abort();
    expect(await stream.return?.()).toEqual(done);
    expect(await stream.next()).toEqual(done);
    expect(channel.openCalls).toBe(0);
  });
});
