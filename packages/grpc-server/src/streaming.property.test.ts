import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import type { Envelope } from "@grpc-kit/testing/fixtures";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { envelope, serveFixture } from "../test/serve-fixture.ts";

interface Streamed {
  readonly sizes: readonly number[];
  /** After how many messages the reader takes a rest; never if 0. */
  readonly restEvery: number;
}

const streamed: fc.Arbitrary<Streamed> = fc.record({
  sizes: fc.oneof(
    fc.array(fc.nat(100), { maxLength: 600 }),
    fc.array(fc.nat(100_000), { maxLength: 12 }),
  ),
  restEvery: fc.nat(5),
});

function messageOf(index: number, size: number): Envelope {
  return envelope({ index: BigInt(index), payload: Buffer.alloc(size, index % 256) });
}

async function rest(index: number, restEvery: number): Promise<void> {
  if (restEvery > 0 && index % (restEvery * 50) === 0) {
    await delay(1);
  }
}

/** Reads a client's stream to its end, with rests; rejects when the call fails. */
async function readAll(stream: AsyncIterable<Envelope>, restEvery: number): Promise<Envelope[]> {
  const messages: Envelope[] = [];
  for await (const message of stream) {
    messages.push(message);
    await rest(messages.length, restEvery);
  }
  return messages;
}

describe("streams", () => {
  it("Property 10: Server Streaming Message Delivery (6.1)", async () => {
    let current: Streamed = { sizes: [], restEvery: 0 };
    const { client } = await serveFixture({
      async *serverStream() {
        for (const [index, size] of current.sizes.entries()) {
          yield messageOf(index, size);
        }
      },
    });
    await fc.assert(
      fc.asyncProperty(streamed, async (run) => {
        current = run;
        const stream = client.serverStream(envelope({}), { deadline: Date.now() + 10_000 });
        const ended = new Promise<status>((resolve) => {
          stream.on("status", ({ code }) => resolve(code));
        });
        const messages = await readAll(stream, run.restEvery);
        expect(messages).toEqual(run.sizes.map((size, index) => messageOf(index, size)));
        expect(await ended).toBe(status.OK);
      }),
      { numRuns: 150 },
    );
  });

  it("Property 11: Client Streaming Message Reception (6.2)", async () => {
    let received: Envelope[] = [];
    let current: Streamed = { sizes: [], restEvery: 0 };
    const { client } = await serveFixture({
      async clientStream(requests) {
        received = await readAll(requests, current.restEvery);
        return envelope({ count: BigInt(received.length) });
      },
    });
    await fc.assert(
      fc.asyncProperty(streamed, async (run) => {
        current = run;
        received = [];
        const reply = await new Promise<Envelope>((resolve, reject) => {
          const options = { deadline: Date.now() + 10_000 };
          const stream = client.clientStream(options, (error, answer) =>
            answer === undefined ? reject(error) : resolve(answer),
          );
          for (const [index, size] of run.sizes.entries()) {
            stream.write(messageOf(index, size));
          }
          stream.end();
        });
        // The answer comes after the last message, so all of them are here by now.
        expect(reply.count).toBe(BigInt(run.sizes.length));
        expect(received).toEqual(run.sizes.map((size, index) => messageOf(index, size)));
      }),
      { numRuns: 150 },
    );
  });

  it("a bidi call delivers both ways at once, in order (6.3)", async () => {
    let restEvery = 0;
    const { client } = await serveFixture({
      async *bidi(requests) {
        let index = 0;
        for await (const request of requests) {
          index += 1;
          await rest(index, restEvery);
          yield request;
        }
      },
    });
    await fc.assert(
      fc.asyncProperty(streamed, async (run) => {
        ({ restEvery } = run);
        const stream = client.bidi({ deadline: Date.now() + 10_000 });
        for (const [index, size] of run.sizes.entries()) {
          stream.write(messageOf(index, size));
        }
        stream.end();
        const messages = await readAll(stream, run.restEvery);
        expect(messages).toEqual(run.sizes.map((size, index) => messageOf(index, size)));
      }),
      { numRuns: 100 },
    );
  });
});
