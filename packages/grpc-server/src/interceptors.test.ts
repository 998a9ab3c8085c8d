import { setTimeout as delay } from "node:timers/promises";
import {
  Metadata,
  type Responder,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerListener,
  status,
} from "@grpc/grpc-js";
import { type CallKind, callFixture, callKinds } from "@grpc-kit/testing";
import { describe, expect, it } from "vitest";
import { envelope, serveFixture } from "../test/serve-fixture.ts";

function intercept(responder: Responder, listener: ServerListener = {}): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, { start: (next) => next(listener), ...responder });
}

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

describe("an interceptor that throws", () => {
  const fail = (): never => {
    throw new Error("S3CR3T");
  };
  const places: readonly (readonly [string, ServerInterceptor])[] = [
    ["when it is called", fail],
    ["in start", intercept({ start: fail })],
    ["in onReceiveMetadata", intercept({}, { onReceiveMetadata: fail })],
    ["in onReceiveMessage", intercept({}, { onReceiveMessage: fail })],
    ["in onReceiveHalfClose", intercept({}, { onReceiveHalfClose: fail })],
    ["in sendMetadata", intercept({ sendMetadata: fail })],
    ["in sendMessage", intercept({ sendMessage: fail })],
  ];

  it.each(places)("%s ends its own call, and nothing else", async (_, interceptor) => {
    const bystander = intercept({});
    const interceptors = [bystander, interceptor, bystander];
    const { client, errors } = await serveFixture({}, { interceptors });
    for (const kind of callKinds) {
      const { code, details } = await callFixture(client, kind).outcome;
      expect([kind, code, details]).toEqual([kind, status.INTERNAL, "internal error"]);
      expect(errors.splice(0).map(String)).toContain("Error: S3CR3T");
    }
  });

  it("in sendStatus does not keep the status back", async () => {
    const interceptors = [intercept({ sendStatus: fail })];
    const { client, errors } = await serveFixture({}, { interceptors });
    for (const kind of callKinds) {
      const { code } = await callFixture(client, kind).outcome;
      expect([kind, code]).toEqual([kind, status.OK]);
      expect(errors.splice(0).map(String)).toEqual(["Error: S3CR3T"]);
    }
  });

  it("in the middle of a stream ends it with a status, though the generator goes on", async () => {
    let received = 0;
    const third: ServerListener = {
      onReceiveMessage: (message, next) => {
        received += 1;
        return received === 3 ? fail() : next(message);
      },
    };
    let finished = false;
    const { client } = await serveFixture(
      {
        async *bidi(requests, { signal }) {
          const readAll = async () => {
            for await (const _ of requests) {
              // Nothing to do with a message.
            }
          };
          readAll().catch(() => {});
          try {
            yield envelope({});
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
            yield envelope({ text: "too late" });
          } finally {
            finished = true;
          }
        },
      },
      { interceptors: [intercept({}, third)] },
    );
    const call = callFixture(client, "bidi", { requests: [{}, {}], keepOpen: true });
    await delay(20);
    call.send({});
    const { code, details, messages } = await call.outcome;
    expect([code, details]).toEqual([status.INTERNAL, "internal error"]);
    expect(messages).toHaveLength(1);
    await expect.poll(() => finished).toBe(true);
  });

  it("in onCancel is reported", async () => {
    const interceptors = [intercept({}, { onCancel: fail })];
    const { client, errors } = await serveFixture({}, { interceptors });
    const { code } = await callFixture(client, "unary").outcome;
    expect(code).toBe(status.OK);
    await expect.poll(() => errors.map(String)).toEqual(["Error: S3CR3T"]);
  });
});

describe("an interceptor", () => {
  it.each(callKinds)("may refuse a call before its handler: %s", async (kind) => {
    let runs = 0;
    const refuse: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) =>
          next({
            onReceiveMetadata: () =>
              call.sendStatus({ code: status.UNAUTHENTICATED, details: "who are you" }),
          }),
      });
    const count = () => {
      runs += 1;
      return envelope({});
    };
    const { client } = await serveFixture(
      {
        unary: count,
        clientStream: count,
        *serverStream() {
          yield count();
        },
        *bidi() {
          yield count();
        },
      },
      { interceptors: [refuse] },
    );
    const { code, details } = await callFixture(client, kind).outcome;
    expect([code, details, runs]).toEqual([status.UNAUTHENTICATED, "who are you", 0]);
  });

  it("B13 C9: may send any text and any metadata with a status", async () => {
    const metadata = new Metadata();
    metadata.set("a:b", "colon");
    metadata.set("x-big", "x".repeat(100_000));
    metadata.set("x-kept", "yes");
    const details = `bad \ud800 ${"x".repeat(200_000)}`;
    const unsafe = intercept({
      sendStatus: (_sent, next) => next({ code: status.ABORTED, details, metadata }),
    });
    const { client, errors } = await serveFixture({}, { interceptors: [unsafe] });
    for (const kind of callKinds) {
      const { code, trailers } = await callFixture(client, kind).outcome;
      expect([kind, code, trailers.get("x-kept")]).toEqual([kind, status.ABORTED, ["yes"]]);
      expect(String(errors.splice(0)[0])).toContain("dropped a:b, x-big");
    }
  });

  it("C9: may set headers that cannot be sent, which are dropped", async () => {
    const metadata = new Metadata();
    metadata.set("a:b", "colon");
    metadata.set("x-kept", "yes");
    const unsafe = intercept({ sendMetadata: (_metadata, next) => next(metadata) });
    const { client, errors } = await serveFixture({}, { interceptors: [unsafe] });
    for (const kind of callKinds) {
      const { code, headers } = await callFixture(client, kind).outcome;
      expect([kind, code, headers?.get("x-kept")]).toEqual([kind, status.OK, ["yes"]]);
      expect(String(errors.splice(0)[0])).toContain("dropped a:b");
    }
  });

  it("may measure a message with the method's serializer and pass it on later", async () => {
    const sizes: number[] = [];
    const measure: ServerInterceptor = (method, call) =>
      new ServerInterceptingCall(call, {
        sendMessage: (message, next) => {
          sizes.push(method.responseSerialize(message).byteLength);
          void delay(2).then(() => next(message));
        },
      });
    const { client } = await serveFixture({}, { interceptors: [measure] });
    for (const [index, kind] of callKinds.entries()) {
      const requests = [{ text: "x".repeat(index + 1) }];
      const { code, messages } = await callFixture(client, kind, { requests }).outcome;
      expect([kind, code, messages.length]).toEqual([kind, status.OK, 1]);
    }
    expect(sizes).toEqual([3, 4, 5, 6]);
  });

  it("that passes on an event twice does not run the handler twice", async () => {
    let runs = 0;
    const twice = intercept(
      {},
      {
        onReceiveMetadata: (metadata, next) => {
          next(metadata);
          next(metadata);
        },
        onReceiveHalfClose: (next) => {
          next();
          next();
        },
      },
    );
    const { client } = await serveFixture(
      {
        unary(request) {
          runs += 1;
          return request;
        },
        async *bidi(requests) {
          runs += 1;
          yield* requests;
        },
      },
      { interceptors: [twice] },
    );
    for (const kind of ["unary", "bidi"] as const) {
      const { code, messages } = await callFixture(client, kind).outcome;
      expect([code, messages.length]).toEqual([status.OK, 1]);
    }
    expect(runs).toBe(2);
  });
});
