import { inspect } from "node:util";
import { status } from "@grpc/grpc-js";
import { type CallKind, callFixture, callKinds } from "@grpc-kit/testing";
import { describe, expect, it, vi } from "vitest";
import { envelope, type FixtureHandlers, serveFixture } from "../test/serve-fixture.ts";
import type { GrpcServerOptions } from "./server-options.ts";

type Streamed = ReturnType<FixtureHandlers["serverStream"]>;

const boom = () => new Error("boom");

/** What JavaScript, or a cast, lets a streaming handler return; all of it fails. */
const wrongs: readonly (readonly [string, () => unknown])[] = [
  ["a promise that rejects", () => Promise.reject(boom())],
  ["a promise of nothing", async () => undefined],
  ["a list with a promise that rejects", () => [Promise.reject(boom())]],
  [
    "an iterator of promises that reject",
    () => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: Promise.reject(boom()) }),
        return: () => Promise.reject(boom()),
      }),
    }),
  ],
  [
    "an iterator whose return is a trap",
    () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(boom()),
        get return(): never {
          throw boom();
        },
      }),
    }),
  ],
  [
    "an iterator that answers with nothing",
    () => ({ [Symbol.asyncIterator]: () => ({ next: async () => undefined }) }),
  ],
];

describe("a streaming handler that returns", () => {
  it.each(wrongs)("C2: %s ends its own call only", async (_, wrong) => {
    const { client, errors } = await serveFixture({
      serverStream: () => wrong() as Streamed,
      bidi: () => wrong() as Streamed,
    });
    for (const kind of ["serverStream", "bidi"] as const) {
      const { code, details } = await callFixture(client, kind).outcome;
      expect([code, details]).toEqual([status.INTERNAL, "internal error"]);
      expect(errors.splice(0).length).toBeGreaterThan(0);
    }
  });

  it("a promise of an iterable, or promises of messages, is understood", async () => {
    const messages = [envelope({ index: 1n }), Promise.resolve(envelope({ index: 2n }))];
    const { client } = await serveFixture({
      serverStream: async () => messages as never,
      bidi: () => messages as never,
    } as unknown as FixtureHandlers);
    for (const kind of ["serverStream", "bidi"] as const) {
      const outcome = await callFixture(client, kind).outcome;
      expect(outcome.code).toBe(status.OK);
      expect(outcome.messages.map(({ index }) => index)).toEqual([1n, 2n]);
    }
  });
});

describe("a message that is too large", () => {
  it.each<CallKind>(["serverStream", "bidi"])(
    "B15: ends the call at once, though the generator goes on: %s",
    async (kind) => {
      async function* stream() {
        for (let index = 0; ; index += 1) {
          yield envelope({ payload: Buffer.alloc(index === 3 ? 2_000 : 10) });
        }
      }
      const { client } = await serveFixture(
        { serverStream: stream, bidi: stream },
        { channelOptions: { "grpc.max_send_message_length": 1_000 } },
      );
      const { code, details, messages } = await callFixture(client, kind).outcome;
      expect(code).toBe(status.RESOURCE_EXHAUSTED);
      expect(details).toBe("a message must not be larger than 1000 bytes, got 2003");
      expect(messages).toHaveLength(3);
    },
  );
});

describe("headers", () => {
  it("that come after the first message are dropped and reported", async () => {
    const { client, errors } = await serveFixture({
      async *serverStream(request, context) {
        context.setHeader("x-first", "1");
        yield request;
        context.setHeader("x-second", "2");
        yield request;
      },
    });
    const { code, headers, messages } = await callFixture(client, "serverStream").outcome;
    expect([code, messages.length]).toEqual([status.OK, 2]);
    expect(headers?.get("x-first")).toEqual(["1"]);
    expect(headers?.get("x-second")).toEqual([]);
    expect(errors.map(String)).toEqual([
      "Error: headers must be set before the first message, dropped x-second",
    ]);
  });
});

describe("an onError", () => {
  const unshowable = Object.assign(boom(), {
    [inspect.custom]: () => {
      throw boom();
    },
  });

  it.each<[string, Pick<GrpcServerOptions, "onError">, RegExp]>([
    ["that rejects", { onError: () => Promise.reject(new Error("no logger")) }, /no logger/],
    ["that is not given", {}, /an error that cannot be shown/],
  ])("%s ends no process and no call", async (_, options, written) => {
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const fail = () => {
      throw unshowable;
    };
    const { client } = await serveFixture(
      { unary: fail, clientStream: fail, serverStream: fail, bidi: fail },
      { onError: undefined as never, ...options },
    );
    for (const kind of callKinds) {
      const { code } = await callFixture(client, kind).outcome;
      expect(code).toBe(status.INTERNAL);
    }
    await expect.poll(() => stderr.mock.calls.join("")).toMatch(written);
  });
});
