import { setTimeout as delay } from "node:timers/promises";
import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerListener,
  status,
} from "@grpc/grpc-js";
import {
  callValues,
  createContextKey,
  currentCall,
  type Traffic,
  trafficKey,
} from "@grpc-kit/grpc-context";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { describe, expect, it } from "vitest";
import { intercept } from "../test/intercept.ts";
import { envelope, serveFixture } from "../test/serve-fixture.ts";
import type { CallContext } from "./call-context.ts";

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

  it("sees what comes and goes, and what grpc-js answers by itself", async () => {
    const seen: (Traffic | undefined)[] = [];
    const look = intercept(
      {},
      {
        onReceiveMetadata: (metadata, next) => {
          seen.push(callValues(metadata).get(trafficKey));
          next(metadata);
        },
      },
    );
    const { client } = await serveFixture(
      {},
      { interceptors: [look], maxReceiveMessageBytes: 100 },
    );
    await callFixture(client, "bidi", { requests: [{ text: "abc" }, { text: "abc" }] }).outcome;
    await callFixture(client, "unary", { requests: [{ text: "x".repeat(200) }] }).outcome;
    expect(seen).toMatchObject([
      { messagesReceived: 2, messagesSent: 2, bytesReceived: 10, bytesSent: 10, sentCode: 0 },
      { messagesReceived: 0, messagesSent: 0, sentCode: status.RESOURCE_EXHAUSTED },
    ]);
  });

  it("may leave values for the handler, each call its own", async () => {
    const tenantKey = createContextKey<string>("tenant");
    const leave = intercept(
      {},
      {
        onReceiveMetadata: (metadata, next) => {
          callValues(metadata).set(tenantKey, String(metadata.get("x-tenant")[0]));
          next(metadata);
        },
      },
    );
    const read = (context: CallContext) => {
      const text = `${context.get(tenantKey)} ${currentCall()?.get(tenantKey)}`;
      context.set(tenantKey, "changed");
      return envelope({ text: `${text} ${currentCall()?.get(tenantKey)}` });
    };
    const { client } = await serveFixture(
      {
        unary: (_request, context) => read(context),
        clientStream: (_requests, context) => read(context),
        *serverStream(_request, context) {
          yield read(context);
        },
        *bidi(_requests, context) {
          yield read(context);
        },
      },
      { interceptors: [leave] },
    );
    const texts = await Promise.all(
      callKinds.map(async (kind) => {
        const metadata = new Metadata();
        metadata.set("x-tenant", kind);
        const { messages } = await callFixture(client, kind, { metadata }).outcome;
        return messages[0]?.text;
      }),
    );
    expect(texts).toEqual(callKinds.map((kind) => `${kind} ${kind} changed`));
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
