import { setTimeout as delay } from "node:timers/promises";
import { Metadata, ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import { NotFoundError, StatusError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { describe, expect, it, vi } from "vitest";
import { serveFixture } from "../../test/serve-fixture.ts";
import type { CallHook, CallOutcome, ServerHook } from "./call-hook.ts";
import { fuse, serverInterceptor } from "./server-interceptor.ts";

/** Writes down all that a hook sees. */
function record(events: string[], name = ""): ServerHook {
  return ({ method }) => {
    events.push(`${name}headers ${method.name}`);
    return {
      run: (work) => work(),
      onMessage: () => events.push(`${name}message`),
      onSendMessage: () => events.push(`${name}reply`),
      onSendStatus: (sent) => {
        events.push(`${name}status ${status[sent.code]}`);
        return sent;
      },
      onEnd: ({ code }) => events.push(`${name}end ${status[code]}`),
    };
  };
}

function outcomes(seen: CallOutcome[]): ServerHook {
  return () => ({ onEnd: (outcome) => seen.push(outcome) });
}

const wait: ServerHook = async () => {
  await delay(20);
  return undefined;
};

describe("serverInterceptor", () => {
  it.each(callKinds)("shows a hook the whole of a call: %s", async (kind) => {
    const events: string[] = [];
    const { client } = await serveFixture({ interceptors: [serverInterceptor(record(events))] });
    const { code, messages } = await callFixture(client, kind, { requests: [{ text: "a" }] })
      .outcome;
    expect([code, messages.length]).toEqual([status.OK, 1]);
    await expect
      .poll(() => events)
      .toEqual([expect.stringMatching(/^headers /), "message", "reply", "status OK", "end OK"]);
  });

  it("runs hooks inbound in order, outbound reversed", async () => {
    const events: string[] = [];
    const interceptors = [serverInterceptor(record(events, "a "), record(events, "b "))];
    const { client } = await serveFixture({ interceptors });
    await callFixture(client, "unary").outcome;
    await expect
      .poll(() => events)
      .toEqual([
        "a headers Unary",
        "b headers Unary",
        "a message",
        "b message",
        "a reply",
        "b reply",
        "b status OK",
        "a status OK",
        "b end OK",
        "a end OK",
      ]);
  });

  it.each(callKinds)("loses no message while a hook waits: %s", async (kind) => {
    const { client } = await serveFixture({ interceptors: [serverInterceptor(wait)] });
    const requests = [{ text: "a" }, { text: "b" }];
    const { code, messages } = await callFixture(client, kind, { requests }).outcome;
    expect([code, messages.at(-1)?.text]).toEqual([
      status.OK,
      kind === "unary" || kind === "serverStream" ? "a" : "b",
    ]);
  });

  it.each(callKinds)("refuses a call before its handler runs: %s", async (kind) => {
    const [seen, runs]: [CallOutcome[], string[]] = [[], []];
    const count = () => runs.push(kind);
    const refuse: ServerHook = () => {
      throw new NotFoundError("not here");
    };
    const never: ServerHook = () => ({ onEnd: () => runs.push("never entered") });
    const { client } = await serveFixture({
      interceptors: [serverInterceptor(outcomes(seen), refuse, never)],
      handlers: { unary: count, serverStream: count, clientStream: count, bidi: count },
    });
    const { code, details, headers } = await callFixture(client, kind).outcome;
    expect([code, details, headers]).toEqual([status.NOT_FOUND, "not here", undefined]);
    await expect.poll(() => seen).toMatchObject([{ code, messagesReceived: 0 }]);
    expect(runs).toEqual([]);
  });

  it.each(callKinds)("tells of a call that its caller cancels, once: %s", async (kind) => {
    const seen: CallOutcome[] = [];
    const started = Promise.withResolvers<void>();
    const hang = () => started.resolve();
    const { client } = await serveFixture({
      interceptors: [serverInterceptor(outcomes(seen))],
      handlers: { unary: hang, serverStream: hang, clientStream: hang, bidi: hang },
    });
    const call = callFixture(client, kind);
    await started.promise;
    call.cancel();
    await call.outcome;
    await expect
      .poll(() => seen)
      .toMatchObject([{ code: status.CANCELLED, cancelledBy: "caller", trailers: null }]);
  });

  it("tells of a call whose deadline passes", async () => {
    const seen: CallOutcome[] = [];
    const { client } = await serveFixture({
      interceptors: [serverInterceptor(outcomes(seen))],
      handlers: { unary: () => {} },
    });
    // Of which the caller does not know: its reset could come before.
    const metadata = new Metadata();
    metadata.set("grpc-timeout", "200m");
    await callFixture(client, "unary", { metadata, deadline: Infinity }).outcome;
    await expect
      .poll(() => seen)
      .toMatchObject([{ code: status.DEADLINE_EXCEEDED, cancelledBy: "deadline" }]);
  });

  it("ends what a hook holds that was entered after its call was over", async () => {
    const [gate, ends]: [PromiseWithResolvers<void>, string[]] = [Promise.withResolvers(), []];
    const entered = Promise.withResolvers<void>();
    const hold: ServerHook = async () => {
      entered.resolve();
      await gate.promise;
      return { onEnd: ({ code }) => ends.push(status[code]) };
    };
    const over: ServerHook = () => ({ onEnd: () => ends.push("over") });
    const { client } = await serveFixture({ interceptors: [serverInterceptor(over, hold)] });
    const call = callFixture(client, "unary");
    await entered.promise;
    call.cancel();
    await expect.poll(() => ends).toEqual(["over"]);
    gate.resolve();
    await expect.poll(() => ends).toEqual(["over", "CANCELLED"]);
  });

  it.each(callKinds)("makes a status of what is thrown further inside: %s", async (kind) => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const seen: CallOutcome[] = [];
    const error = new Error("S3CR3T");
    const broken: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) =>
          next({
            onReceiveMessage: () => {
              throw error;
            },
          }),
      });
    const { client } = await serveFixture({
      interceptors: [serverInterceptor(outcomes(seen)), broken],
    });
    const { code, details } = await callFixture(client, kind).outcome;
    expect([code, details]).toEqual([status.INTERNAL, "internal error"]);
    await expect.poll(() => seen).toMatchObject([{ code, error }]);
    expect(String(write.mock.calls[0]?.[0])).toMatch(/ failed, error id .*S3CR3T/);
  });

  it("shows a nearer deadline to all that is further inside", async () => {
    const seen: CallOutcome[] = [];
    const asked: number[] = [];
    const hurry: ServerHook = (call) => {
      call.deadline = Date.now() + 50;
      const timer = setTimeout(() => call.fail(new StatusError(status.DEADLINE_EXCEEDED, "")), 50);
      return { onEnd: () => clearTimeout(timer) };
    };
    const { client } = await serveFixture({
      interceptors: [serverInterceptor(hurry), serverInterceptor(outcomes(seen))],
      handlers: { unary: (call) => asked.push(Number(call.getDeadline())) },
    });
    const { code } = await callFixture(client, "unary").outcome;
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    await expect.poll(() => seen).toMatchObject([{ code, cancelledBy: "deadline" }]);
    expect(asked[0]).toBeLessThanOrEqual(Date.now() + 50);
  });

  it("refuses a message on a stream, and with it the call", async () => {
    const check: CallHook = {
      onMessage: (message) => {
        if ((message as { text: string }).text === "bad") {
          throw new NotFoundError("bad message");
        }
      },
    };
    const { client } = await serveFixture({ interceptors: [serverInterceptor(() => check)] });
    const requests = [{ text: "good" }, { text: "bad" }, { text: "good" }];
    const { code, messages } = await callFixture(client, "bidi", { requests }).outcome;
    expect([code, messages.map(({ text }) => text)]).toEqual([status.NOT_FOUND, ["good"]]);
  });
});

describe("fuse", () => {
  it("makes neighbours of this package one, and keeps the order", async () => {
    const events: string[] = [];
    const foreign: ServerInterceptor = (_method, call) => {
      events.push("foreign");
      return new ServerInterceptingCall(call);
    };
    const [a, b, c] = ["a ", "b ", "c "].map((name) => serverInterceptor(record(events, name)));
    const fused = fuse([a, b, foreign, c] as ServerInterceptor[]);
    expect(fused).toHaveLength(3);
    const { client } = await serveFixture({ interceptors: fused });
    await callFixture(client, "unary").outcome;
    expect(events.filter((event) => event.includes("headers"))).toEqual([
      "a headers Unary",
      "b headers Unary",
      "c headers Unary",
    ]);
  });
});
