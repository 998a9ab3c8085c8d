import { once } from "node:events";
import { Metadata, status } from "@grpc/grpc-js";
import { currentCall } from "@grpc-kit/grpc-context";
import { callFixture, callKinds } from "@grpc-kit/testing";
import type { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, expectTypeOf, it } from "vitest";
import { echo, envelope, serveFixture } from "../test/serve-fixture.ts";
import type { CallContext } from "./call-context.ts";
import type { Handlers } from "./handlers.ts";

describe("handlers", () => {
  it("are typed by the definition of their service", () => {
    type Fixture = Handlers<FixtureServiceService>;
    type Streamed = AsyncIterable<Envelope> | Iterable<Envelope>;
    expectTypeOf<Fixture["unary"]>().toEqualTypeOf<
      (request: Envelope, context: CallContext) => Promise<Envelope> | Envelope
    >();
    expectTypeOf<Fixture["serverStream"]>().toEqualTypeOf<
      (request: Envelope, context: CallContext) => Streamed
    >();
    expectTypeOf<Fixture["clientStream"]>().toEqualTypeOf<
      (requests: AsyncIterable<Envelope>, context: CallContext) => Promise<Envelope> | Envelope
    >();
    expectTypeOf<Fixture["bidi"]>().toEqualTypeOf<
      (requests: AsyncIterable<Envelope>, context: CallContext) => Streamed
    >();
  });

  it("answer the four kinds of call", async () => {
    const { client } = await serveFixture();
    const requests = [{ index: 1n }, { index: 2n }, { index: 3n }];
    const indexes = async (kind: (typeof callKinds)[number]) => {
      const { code, messages } = await callFixture(client, kind, { requests }).outcome;
      expect(code).toBe(status.OK);
      return messages.map(({ index }) => index);
    };
    expect(await indexes("unary")).toEqual([1n]);
    expect(await indexes("serverStream")).toEqual([1n]);
    expect(await indexes("clientStream")).toEqual([3n]);
    expect(await indexes("bidi")).toEqual([1n, 2n, 3n]);
  });

  it("may be methods of an object of a class", async () => {
    class FixtureHandlers implements Handlers<FixtureServiceService> {
      readonly #name = "private";
      readonly bidi = echo.bidi;
      unary() {
        return envelope({ text: this.#name });
      }
      *serverStream() {
        yield envelope({ text: this.#name });
      }
      async clientStream() {
        return envelope({ text: this.#name });
      }
    }
    const { client } = await serveFixture(new FixtureHandlers());
    for (const kind of ["unary", "serverStream", "clientStream"] as const) {
      const { messages } = await callFixture(client, kind).outcome;
      expect(messages.map(({ text }) => text)).toEqual(["private"]);
    }
  });

  it("may answer a client stream before its end", async () => {
    const { client } = await serveFixture({ clientStream: () => envelope({ text: "enough" }) });
    const call = callFixture(client, "clientStream", { keepOpen: true });
    const { code, messages } = await call.outcome;
    expect(code).toBe(status.OK);
    expect(messages.map(({ text }) => text)).toEqual(["enough"]);
  });

  it("may leave the loop over requests and go on", async () => {
    const { client } = await serveFixture({
      async *bidi(requests) {
        for await (const request of requests) {
          yield request;
          break;
        }
        yield envelope({ text: "after the loop" });
      },
    });
    const requests = [{ text: "first" }, { text: "second" }];
    const { code, messages } = await callFixture(client, "bidi", { requests }).outcome;
    expect(code).toBe(status.OK);
    expect(messages.map(({ text }) => text)).toEqual(["first", "after the loop"]);
  });

  it("find the requests ended for good, at their end and after leaving the loop", async () => {
    const ends: unknown[] = [];
    const endTwice = async (requests: AsyncIterable<unknown>) => {
      const iterator = requests[Symbol.asyncIterator]();
      ends.push(await iterator.next(), await iterator.next());
    };
    const { client } = await serveFixture({
      async clientStream(requests) {
        for await (const _ of requests) {
          // Nothing to do with a message.
        }
        await endTwice(requests);
        return envelope({});
      },
      async *bidi(requests) {
        for await (const _ of requests) {
          break;
        }
        await endTwice(requests);
        yield envelope({});
      },
    });
    for (const kind of ["clientStream", "bidi"] as const) {
      const { code } = await callFixture(client, kind, { requests: [{}, {}] }).outcome;
      expect(code).toBe(status.OK);
    }
    expect(ends).toEqual(Array.from({ length: 4 }, () => ({ done: true, value: undefined })));
  });

  it("get each request once, in order, when they ask for many at a time", async () => {
    const { client } = await serveFixture({
      async *bidi(requests) {
        const iterator = requests[Symbol.asyncIterator]();
        const results = await Promise.all(Array.from({ length: 5 }, () => iterator.next()));
        yield* results.flatMap(({ done, value }) => (done === true ? [] : [value]));
      },
    });
    const requests = [{ index: 1n }, { index: 2n }, { index: 3n }];
    const { messages } = await callFixture(client, "bidi", { requests }).outcome;
    expect(messages.map(({ index }) => index)).toEqual([1n, 2n, 3n]);
  });

  it("read and write a bidi call at once", async () => {
    // Each side waits for the other: the answer to the second message unlocks the third.
    const { client } = await serveFixture();
    const stream = client.bidi();
    const answers: bigint[] = [];
    for (const index of [1n, 2n, 3n]) {
      stream.write(envelope({ index }));
      const [answer] = (await once(stream, "data")) as [Envelope];
      answers.push(answer.index);
    }
    stream.end();
    await once(stream, "status");
    expect(answers).toEqual([1n, 2n, 3n]);
  });

  it("write while nothing is read", async () => {
    const { client } = await serveFixture({
      async *bidi() {
        yield envelope({ text: "unasked" });
      },
    });
    const { messages } = await callFixture(client, "bidi", { requests: [], keepOpen: true })
      .outcome;
    expect(messages.map(({ text }) => text)).toEqual(["unasked"]);
  });

  it.each(callKinds)("run as part of their call, to the end of it: %s", async (kind) => {
    const seen: (string | undefined)[] = [];
    const note = async () => {
      seen.push(currentCall()?.path);
      await Promise.resolve();
      seen.push(currentCall()?.path);
    };
    const { client } = await serveFixture({
      async unary(request) {
        await note();
        return request;
      },
      async *serverStream(request) {
        await note();
        yield request;
        await note();
      },
      async clientStream(requests) {
        for await (const _ of requests) {
          await note();
        }
        return envelope({});
      },
      async *bidi(requests) {
        for await (const request of requests) {
          await note();
          yield request;
        }
        await note();
      },
    });
    const requests = [{}, {}];
    const { code } = await callFixture(client, kind, { requests }).outcome;
    expect(code).toBe(status.OK);
    const name = kind[0]?.toUpperCase() + kind.slice(1);
    expect(new Set(seen)).toEqual(new Set([`/fixtures.FixtureService/${name}`]));
  });

  it("see the caller's metadata, address and deadline", async () => {
    let seen: CallContext | undefined;
    const { client } = await serveFixture({
      unary(request, context) {
        seen = context;
        return request;
      },
    });
    const metadata = new Metadata();
    metadata.set("x-request-id", "r-1");
    const deadline = Date.now() + 5_000;
    await callFixture(client, "unary", { metadata, deadline }).outcome;
    expect(seen?.path).toBe("/fixtures.FixtureService/Unary");
    expect(seen?.metadata.get("x-request-id")).toEqual(["r-1"]);
    expect(seen?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(Math.abs((seen?.deadline ?? 0) - deadline)).toBeLessThan(1_000);
    expect(seen?.timeRemaining()).toBeGreaterThan(3_000);
  });

  it.each([
    ["unary", 30_000],
    ["serverStream", Number.POSITIVE_INFINITY],
    ["clientStream", Number.POSITIVE_INFINITY],
    ["bidi", Number.POSITIVE_INFINITY],
  ] as const)(
    "%s: has so many milliseconds when the caller sets no deadline: %d",
    async (kind, ms) => {
      const seen: number[] = [];
      const note = ({ deadline }: CallContext) => seen.push(deadline - Date.now());
      const { client } = await serveFixture({
        unary(request, context) {
          note(context);
          return request;
        },
        *serverStream(request, context) {
          note(context);
          yield request;
        },
        clientStream(_requests, context) {
          note(context);
          return envelope({});
        },
        async *bidi(requests, context) {
          note(context);
          yield* requests;
        },
      });
      await callFixture(client, kind, { deadline: Number.POSITIVE_INFINITY }).outcome;
      expect(seen[0]).toBeLessThanOrEqual(ms);
      expect(seen[0]).toBeGreaterThanOrEqual(ms - 10_000);
    },
  );
});
