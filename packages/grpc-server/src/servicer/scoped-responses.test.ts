import { constants } from "node:http2";
import { callFixture } from "@grpc-kit/testing";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { asFunction, createContainer } from "awilix";
import { describe, expect, it } from "vitest";
import { emptyMessages, openRawCall } from "../../test/raw-call.ts";
import { echo, envelope, serveFixture } from "../../test/serve-fixture.ts";
import type { CallContext } from "../call-context.ts";
import { createServicer } from "./create-servicer.ts";
import type { ScopedContext } from "./scoped-handlers.ts";

interface Cradle {
  readonly session: object;
}

type Stream = (
  request: Envelope,
  context: ScopedContext<Cradle>,
) => AsyncIterable<Envelope> | Iterable<Envelope>;

const one = envelope({ index: 1 as never });

/** A servicer whose server stream is `serverStream`, and the states of its sessions. */
function createScoped(serverStream: Stream) {
  const sessions: ("open" | "closed")[] = [];
  const container = createContainer<Cradle>({ injectionMode: "PROXY", strict: true });
  container.register({
    session: asFunction(() => sessions.push("open"))
      .scoped()
      .disposer(() => sessions.splice(0, 1, "closed")),
  });
  const handlers = { ...echo, serverStream };
  return { sessions, handlers: createServicer(container, FixtureServiceService, handlers) };
}

/** The iterator as the server has it, with what it needs of a context. */
function iterateScoped(serverStream: Stream) {
  const { sessions, handlers } = createScoped(serverStream);
  const context = { path: "/a.A/B", get: () => undefined } as unknown as CallContext;
  const responses = handlers.serverStream(envelope({}), context) as AsyncIterable<Envelope>;
  return { sessions, responses: responses[Symbol.asyncIterator]() as AsyncGenerator<Envelope> };
}

async function* forever(_request: Envelope, { resolve }: ScopedContext<Cradle>) {
  resolve("session");
  for (;;) {
    yield one;
  }
}

describe("a scoped stream over the wire", () => {
  it("reads no further than the caller does, and closes the scope when the caller leaves", async () => {
    let [yielded, left] = [0, false];
    const { sessions, handlers } = createScoped(async function* (_request, { resolve }) {
      resolve("session");
      try {
        for (; ; yielded += 1) {
          yield envelope({ payload: Buffer.alloc(64 * 1024) });
        }
      } finally {
        left = sessions[0] === "open";
      }
    });
    const { port, errors } = await serveFixture(handlers);
    const call = openRawCall(port, "/fixtures.FixtureService/ServerStream");
    call.end(emptyMessages(1));
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = yielded > 0 && yielded === before;
          before = yielded;
          return isStill;
        },
        { interval: 200 },
      )
      .toBe(true);
    expect(yielded).toBeLessThanOrEqual(8);
    expect(sessions).toEqual(["open"]);
    call.close(constants.NGHTTP2_CANCEL);
    await expect.poll(() => sessions).toEqual(["closed"]);
    expect(left).toBe(true);
    expect(errors).toEqual([]);
  });

  it("reports an error once", async () => {
    const { handlers } = createScoped(async function* () {
      yield one;
      throw new Error("only once");
    });
    const { client, errors } = await serveFixture(handlers);
    const { messages } = await callFixture(client, "serverStream").outcome;
    expect(messages).toHaveLength(1);
    expect(errors).toMatchObject([{ message: "only once" }]);
  });

  it("closes the scope of an iterator that is waiting when the caller leaves", async () => {
    const waiting = Promise.withResolvers<void>();
    const { sessions, handlers } = createScoped((_request, { resolve }) => {
      resolve("session");
      const never = new Promise<never>(() => {});
      return {
        [Symbol.asyncIterator]: () => ({
          next() {
            waiting.resolve();
            return never;
          },
          return: async () => ({ done: true, value: undefined }),
        }),
      };
    });
    const { client } = await serveFixture(handlers);
    const call = callFixture(client, "serverStream");
    await waiting.promise;
    call.cancel();
    await expect.poll(() => sessions).toEqual(["closed"]);
  });
});

describe("a scoped stream", () => {
  it("opens nothing if it is never iterated, or returned from before", async () => {
    const { sessions, responses } = iterateScoped(forever);
    expect(await responses.return(7)).toEqual({ done: true, value: 7 });
    expect(await responses.next()).toEqual({ done: true, value: undefined });
    await expect(iterateScoped(forever).responses.throw(new Error("no"))).rejects.toThrow("no");
    expect(sessions).toEqual([]);
  });

  it("closes the scope after the last response, before it tells so", async () => {
    const { sessions, responses } = iterateScoped(async function* (_request, { resolve }) {
      resolve("session");
      yield one;
    });
    expect(await responses.next()).toEqual({ done: false, value: one });
    expect(sessions).toEqual(["open"]);
    expect(await responses.next()).toEqual({ done: true, value: undefined });
    expect(sessions).toEqual(["closed"]);
    expect(await responses.next()).toEqual({ done: true, value: undefined });
    expect(await responses.return(7)).toEqual({ done: true, value: 7 });
  });

  it("closes the scope when it is returned from, once the generator has run its finally", async () => {
    const goOn = Promise.withResolvers<void>();
    const seen: unknown[] = [];
    const { sessions, responses } = iterateScoped(async function* (_request, { resolve }) {
      resolve("session");
      try {
        yield one;
      } finally {
        await goOn.promise;
        seen.push(...sessions);
      }
    });
    await responses.next();
    const returned = responses.return(7);
    goOn.resolve();
    expect(await returned).toEqual({ done: true, value: 7 });
    expect([seen, sessions]).toEqual([["open"], ["closed"]]);
  });

  it("closes the scope of a generator that yields in its finally", async () => {
    const { sessions, responses } = iterateScoped(async function* (_request, { resolve }) {
      resolve("session");
      try {
        yield one;
      } finally {
        yield one;
      }
    });
    await responses.next();
    expect(await responses.return(7)).toEqual({ done: false, value: one });
    expect(sessions).toEqual(["closed"]);
  });

  it("takes errors of next and return to the caller of the iterator, and is over", async () => {
    for (const step of ["next", "return"] as const) {
      const { sessions, responses } = iterateScoped(async function* (_request, { resolve }) {
        resolve("session");
        try {
          yield one;
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: that is the case under test
          throw new Error(step);
        }
      });
      await responses.next();
      await expect(responses[step](7)).rejects.toThrow(step);
      expect(sessions).toEqual(["closed"]);
      expect(await responses.next()).toEqual({ done: true, value: undefined });
    }
  });

  it("passes throw to the generator, which may go on", async () => {
    const { sessions, responses } = iterateScoped(async function* (_request, { resolve }) {
      resolve("session");
      try {
        yield one;
      } catch (error) {
        yield envelope({ text: (error as Error).message });
      }
    });
    await responses.next();
    const { value } = await responses.throw(new Error("caught"));
    expect([value.text, sessions]).toEqual(["caught", ["open"]]);
    await expect(responses.throw(new Error("not caught"))).rejects.toThrow("not caught");
    expect(sessions).toEqual(["closed"]);
  });

  it("closes the scope of an iterator without return or throw when its next has settled", async () => {
    for (const step of ["return", "throw"] as const) {
      const answer = Promise.withResolvers<IteratorResult<Envelope>>();
      const { sessions, responses } = iterateScoped((_request, { resolve }) => {
        resolve("session");
        return { [Symbol.asyncIterator]: () => ({ next: () => answer.promise }) };
      });
      const pending = responses.next();
      const stopped = responses[step](new Error("stop")).catch((error) => error.message);
      await new Promise(setImmediate);
      expect(sessions).toEqual(["open"]);
      answer.resolve({ done: false, value: one });
      expect((await pending).value).toBe(one);
      expect(await stopped).toEqual(
        step === "throw" ? "stop" : { done: true, value: expect.any(Error) },
      );
      expect(sessions).toEqual(["closed"]);
    }
  });

  it("takes an array, and refuses what cannot be iterated", async () => {
    const { responses } = iterateScoped((_request, { resolve }) => {
      resolve("session");
      return [one];
    });
    expect([await responses.next(), (await responses.next()).done]).toEqual([
      { done: false, value: one },
      true,
    ]);
    const wrong = iterateScoped((_request, { resolve }) => resolve("session") as never);
    await expect(wrong.responses.next()).rejects.toThrow(
      "handler of /a.A/B must return an iterable",
    );
    expect(wrong.sessions).toEqual(["closed"]);
    expect(await wrong.responses.return(7)).toEqual({ done: true, value: 7 });
  });
});
