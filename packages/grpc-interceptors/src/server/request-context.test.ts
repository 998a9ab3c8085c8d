import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import {
  Metadata,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { callValues, currentCall, requestIdKey } from "@grpc-kit/grpc-context";
import { NotFoundError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import type { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { envelope, type FixtureHandlers, serveFixture } from "../../test/serve-fixture.ts";
import { maxMetadataBytes, metadataBytes } from "../metadata/metadata-bytes.ts";
import { requestContext } from "./request-context.ts";
import { fuse, serverInterceptor } from "./server-interceptor.ts";

type Duplex = ServerDuplexStream<Envelope, Envelope>;

function withId(id: string): Metadata {
  const metadata = new Metadata();
  metadata.set("x-request-id", id);
  return metadata;
}

function textOf(): string {
  return currentCall()?.get(requestIdKey) ?? "outside";
}

const reply = (): Envelope => envelope({ text: textOf() });

/** Each tells the id of the call that is current, where its work is done. */
const idHandlers: FixtureHandlers = {
  async unary(_call: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
    await delay(2);
    callback(null, reply());
  },
  async serverStream(call: ServerWritableStream<Envelope, Envelope>) {
    async function* replies(): AsyncGenerator<Envelope> {
      yield reply();
      await delay(2);
      yield reply();
    }
    for await (const message of replies()) {
      call.write(message);
    }
    call.end();
  },
  clientStream(call: ServerReadableStream<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
    const seen: string[] = [];
    call.on("data", () => seen.push(textOf()));
    call.on("end", () => {
      seen.push(textOf());
      callback(null, envelope({ text: [...new Set(seen)].join() }));
    });
  },
  bidi(call: Duplex) {
    call.on("data", () => call.write(reply()));
    call.on("end", () => {
      call.write(reply());
      call.end();
    });
  },
};

describe("requestContext", () => {
  it.each(callKinds)("is there for handlers and the events of their streams: %s", async (kind) => {
    const { client } = await serveFixture({
      interceptors: [requestContext()],
      handlers: idHandlers,
    });
    const ids = Array.from({ length: 20 }, (_, index) => `call-${index}`);
    const calls = ids.map((id) =>
      callFixture(client, kind, { metadata: withId(id), requests: [{}, {}, {}] }),
    );
    const outcomes = await Promise.all(calls.map(({ outcome }) => outcome));
    expect(outcomes.map(({ messages }) => [...new Set(messages.map(({ text }) => text))])).toEqual(
      ids.map((id) => [id]),
    );
  });

  it("is there for the ends of streams: drain, finish, cancelled", async () => {
    const seen: string[] = [];
    const see = (event: string) => () => seen.push(`${event} ${textOf()}`);
    const { client } = await serveFixture({
      interceptors: [requestContext()],
      handlers: {
        serverStream(call: ServerWritableStream<Envelope, Envelope>) {
          call.once("drain", see("drain"));
          call.once("finish", see("finish"));
          while (call.write(envelope({ text: "x".repeat(1000) }))) {}
          call.once("drain", () => call.end());
        },
        bidi: (call: Duplex) => call.once("cancelled", see("cancelled")),
      },
    });
    await callFixture(client, "serverStream", { metadata: withId("a") }).outcome;
    await expect.poll(() => seen).toEqual(["drain a", "finish a"]);
    const call = callFixture(client, "bidi", { metadata: withId("b"), keepOpen: true });
    await delay(50);
    call.cancel();
    await expect.poll(() => seen.at(-1)).toBe("cancelled b");
  });

  it.each(callKinds)("echoes the id in the trailers, never in headers: %s", async (kind) => {
    const { client } = await serveFixture({ interceptors: [requestContext()] });
    const { headers, trailers } = await callFixture(client, kind, { metadata: withId("me.1_2-3") })
      .outcome;
    expect(trailers.get("x-request-id")).toEqual(["me.1_2-3"]);
    expect(headers?.get("x-request-id") ?? []).toEqual([]);
  });

  it.each(callKinds)("E5 gives a call whose id is not clean another: %s", async (kind) => {
    const { client } = await serveFixture({ interceptors: [requestContext()] });
    const twice = withId("a");
    twice.add("x-request-id", "b");
    for (const metadata of [withId('a"}'), withId("x".repeat(65)), twice, new Metadata()]) {
      const { trailers } = await callFixture(client, kind, { metadata }).outcome;
      expect(trailers.get("x-request-id")).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    }
  });

  it("takes the header that it is told, and refuses what can be none", async () => {
    const interceptors = [requestContext({ header: "x-correlation-id" })];
    const { client } = await serveFixture({ interceptors });
    const metadata = new Metadata();
    metadata.set("x-correlation-id", "c-1");
    const { trailers } = await callFixture(client, "unary", { metadata }).outcome;
    expect(trailers.get("x-correlation-id")).toEqual(["c-1"]);
    for (const header of ["X-Id", "id-bin", "grpc-id", "te", "a b", ""]) {
      expect(() => requestContext({ header })).toThrow(/header must be/);
    }
  });

  it("keeps the handler's trailers, and leaves its Metadata as it is", async () => {
    const shared = new Metadata();
    shared.set("x-own", "1");
    const { client } = await serveFixture({
      interceptors: [requestContext()],
      handlers: {
        unary: (_call: unknown, callback: sendUnaryData<Envelope>) =>
          callback(null, envelope({}), shared),
      },
    });
    const { trailers } = await callFixture(client, "unary", { metadata: withId("a") }).outcome;
    expect([trailers.get("x-own"), trailers.get("x-request-id")]).toEqual([["1"], ["a"]]);
    expect(shared.getMap()).toEqual({ "x-own": "1" });
  });

  it("echoes the id of a call that is refused further inside", async () => {
    const refuse = serverInterceptor(() => {
      throw new NotFoundError("not here");
    });
    const { client } = await serveFixture({ interceptors: [requestContext(), refuse] });
    const { code, trailers } = await callFixture(client, "unary", { metadata: withId("a") })
      .outcome;
    expect([code, trailers.get("x-request-id")]).toEqual([status.NOT_FOUND, ["a"]]);
    expect(trailers.get("grpc-status-details-bin")).toHaveLength(1);
  });

  it("does not make trailers that just fit too large", async () => {
    const large = new Metadata();
    large.set("x-large", "x".repeat(maxMetadataBytes - 500));
    const { client } = await serveFixture({
      interceptors: [requestContext()],
      handlers: {
        unary: (_call: unknown, callback: sendUnaryData<Envelope>) =>
          callback({ code: status.ABORTED, details: "é".repeat(30), metadata: large }),
      },
    });
    const { code, trailers } = await callFixture(client, "unary").outcome;
    expect([code, trailers.get("x-request-id")]).toEqual([status.ABORTED, []]);
    expect(metadataBytes(trailers)).toBeLessThan(maxMetadataBytes);
  });

  it("tells of the call, and shares its values", async () => {
    const seen: unknown[] = [];
    const { client } = await serveFixture({
      interceptors: [requestContext()],
      handlers: {
        unary(call: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
          const current = currentCall();
          const key = Symbol("mine");
          current?.set(key, 7);
          seen.push(current?.path, current?.deadline, callValues(call.metadata).get(key));
          seen.push(current?.metadata === call.metadata);
          callback(null, envelope({}));
        },
      },
    });
    const deadline = Date.now() + 5000;
    await callFixture(client, "unary", { deadline }).outcome;
    const near = expect.toSatisfy((ms: number) => Math.abs(ms - deadline) < 2000);
    expect(seen).toEqual(["/fixtures.FixtureService/Unary", near, 7, true]);
  });
});

describe("the signal of currentCall", () => {
  /** Answers unary calls with a status, or never; tells the signal of each. */
  async function serveSignals(code?: status) {
    const started = Promise.withResolvers<AbortSignal>();
    const served = await serveFixture({
      interceptors: [requestContext()],
      handlers: {
        unary(_call: unknown, callback: sendUnaryData<Envelope>) {
          started.resolve(currentCall()?.signal as AbortSignal);
          if (code !== undefined) {
            callback({ code, details: "" }, envelope({}));
          }
        },
      },
    });
    return { ...served, started: started.promise };
  }

  it("aborts when the caller cancels", async () => {
    const { client, started } = await serveSignals();
    const call = callFixture(client, "unary");
    const signal = await started;
    expect(signal.aborted).toBe(false);
    const aborted = once(signal, "abort");
    call.cancel();
    await aborted;
    expect(signal.reason).toMatchObject({ code: status.CANCELLED });
  });

  it("aborts when the deadline passes", async () => {
    const { client, started } = await serveSignals();
    // Only the server knows of this deadline: a client that also did could cancel before it.
    const metadata = new Metadata();
    metadata.set("grpc-timeout", "200m");
    callFixture(client, "unary", { metadata, deadline: Number.POSITIVE_INFINITY });
    const signal = await started;
    await expect.poll(() => signal.aborted, { timeout: 5000 }).toBe(true);
    expect(signal.reason).toMatchObject({ code: status.DEADLINE_EXCEEDED });
  });

  it("aborts when the call is failed from outside of its handler, after its status", async () => {
    const order: string[] = [];
    const failLater = serverInterceptor((call) => ({
      onMessage: () => setTimeout(() => call.fail(new NotFoundError("gone")), 20),
    }));
    const { client } = await serveFixture({
      interceptors: fuse([requestContext(), failLater]),
      handlers: {
        unary(_call: unknown, callback: sendUnaryData<Envelope>) {
          currentCall()?.signal.addEventListener("abort", () => {
            order.push(`aborted ${textOf()}`);
            callback({ code: status.DATA_LOSS, details: "too late" });
          });
        },
      },
    });
    const { code, details } = await callFixture(client, "unary", { metadata: withId("a") }).outcome;
    expect([code, details, order]).toEqual([status.NOT_FOUND, "gone", ["aborted a"]]);
  });

  it("does not abort once the call has succeeded", async () => {
    const { client, started } = await serveSignals(status.OK);
    const { code } = await callFixture(client, "unary").outcome;
    await delay(50);
    expect([code, (await started).aborted]).toEqual([status.OK, false]);
  });

  it("has aborted when it is first asked for after the end", async () => {
    const calls: (() => AbortSignal | undefined)[] = [];
    const { client } = await serveFixture({
      interceptors: [requestContext()],
      handlers: {
        unary() {
          const current = currentCall();
          calls.push(() => current?.signal);
        },
      },
    });
    await callFixture(client, "unary", { deadline: Date.now() + 200 }).outcome;
    await expect.poll(() => calls[0]?.()?.aborted).toBe(true);
  });
});
