import { setTimeout as delay } from "node:timers/promises";
import { type ServerInterceptor, status } from "@grpc/grpc-js";
import { type CallKind, callFixture, callKinds } from "@grpc-kit/testing";
import { describe, expect, it } from "vitest";
import { intercept } from "../test/intercept.ts";
import { envelope, serveFixture } from "../test/serve-fixture.ts";

/** Holds up what `isHeld` says, each for another while, in both directions. */
function slow(isHeld: (index: number) => boolean): ServerInterceptor {
  let index = 0;
  const pass = (proceed: () => void): void => {
    index += 1;
    if (isHeld(index)) {
      void delay((index * 7) % 4).then(proceed);
    } else {
      proceed();
    }
  };
  return intercept(
    {
      sendMetadata: (metadata, next) => pass(() => next(metadata)),
      sendMessage: (message, next) => pass(() => next(message)),
      sendStatus: (sent, next) => pass(() => next(sent)),
    },
    {
      onReceiveMetadata: (metadata, next) => pass(() => next(metadata)),
      onReceiveMessage: (message, next) => pass(() => next(message)),
    },
  );
}

const paces: readonly (readonly [string, (index: number) => boolean])[] = [
  ["with everything", () => true],
  ["with every second thing", (index) => index % 2 === 0],
  ["with every fifth thing", (index) => index % 5 === 0],
];

describe.each(paces)("interceptors that take their time %s", (_, isHeld) => {
  it.each(callKinds)("lose and reorder nothing: %s", async (kind: CallKind) => {
    const { client } = await serveFixture({}, { interceptors: [slow(isHeld), slow(isHeld)] });
    const requests = Array.from({ length: 20 }, (_, index) => ({ index: BigInt(index) }));
    const { code, messages } = await callFixture(client, kind, { requests }).outcome;
    expect(code).toBe(status.OK);
    const answers = { unary: [0n], serverStream: [0n], clientStream: [19n] };
    expect(messages.map(({ index }) => index)).toEqual(
      kind === "bidi" ? requests.map(({ index }) => index) : answers[kind],
    );
  });

  it("lose and reorder nothing of a long server stream, and not the error behind it", async () => {
    const { client } = await serveFixture(
      {
        *serverStream({ count }) {
          for (let index = 0n; index < count; index += 1n) {
            yield envelope({ index });
          }
          throw new RangeError("after the last message");
        },
      },
      { interceptors: [slow(isHeld)] },
    );
    const requests = [{ count: 60n }];
    const { code, messages } = await callFixture(client, "serverStream", { requests }).outcome;
    expect(code).toBe(status.INTERNAL);
    expect(messages.map(({ index }) => Number(index))).toEqual([...Array(60).keys()]);
  });

  it.each(callKinds)("do not hide that a message cannot be sent: %s", async (kind) => {
    const { client, errors } = await serveFixture(
      {
        unary: () => null as never,
        clientStream: () => null as never,
        *serverStream() {
          yield null as never;
        },
        *bidi() {
          yield null as never;
        },
      },
      { interceptors: [slow(isHeld)] },
    );
    const { code, details } = await callFixture(client, kind).outcome;
    expect([code, details]).toEqual([status.INTERNAL, "internal error"]);
    expect(errors).toHaveLength(1);
  });
});
