import { setTimeout as delay } from "node:timers/promises";
import { Metadata, status } from "@grpc/grpc-js";
import { NotFoundError, StatusError } from "@grpc-kit/grpc-status";
import { callFixture } from "@grpc-kit/testing";
import type { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { serveFixture } from "../../test/serve-fixture.ts";
import type { ServerHook } from "./call-hook.ts";
import { serverInterceptor } from "./server-interceptor.ts";

const textOf = (message: unknown): string => (message as Envelope).text;

describe("after a call has been ended by an interceptor", () => {
  it("neither hooks nor the handler see more of its messages", async () => {
    const [hookSaw, handlerSaw]: [string[], string[]] = [[], []];
    const check: ServerHook = () => ({
      onMessage(message) {
        hookSaw.push(textOf(message));
        if (textOf(message) === "bad") {
          throw new NotFoundError("bad message");
        }
      },
    });
    const { client } = await serveFixture({
      interceptors: [serverInterceptor(check)],
      handlers: {
        bidi(call) {
          call.on("data", (message: Envelope) => handlerSaw.push(message.text));
          call.on("error", () => {});
        },
      },
    });
    const requests = ["good", "bad", "late", "later"].map((text) => ({ text }));
    const { code } = await callFixture(client, "bidi", { requests }).outcome;
    await delay(50);
    expect([code, hookSaw, handlerSaw]).toEqual([status.NOT_FOUND, ["good", "bad"], ["good"]]);
  });

  it.each(["unary", "serverStream"] as const)("its handler does not begin: %s", async (kind) => {
    const begun: string[] = [];
    const end: ServerHook = (call) => ({
      onMessage: () => call.fail(new StatusError(status.ABORTED, "enough")),
    });
    const { client } = await serveFixture({
      interceptors: [serverInterceptor(end)],
      handlers: { unary: () => begun.push(kind), serverStream: () => begun.push(kind) },
    });
    const { code } = await callFixture(client, kind).outcome;
    await delay(50);
    expect([code, begun]).toEqual([status.ABORTED, []]);
  });

  it("its handler may send what it likes, and nothing comes of it", async () => {
    const sent = Promise.withResolvers<void>();
    const end: ServerHook = (call) => {
      setTimeout(() => call.fail(new StatusError(status.ABORTED, "enough")), 20);
      return undefined;
    };
    const { client } = await serveFixture({
      interceptors: [serverInterceptor(end)],
      handlers: {
        serverStream(call) {
          call.on("error", () => {});
          setTimeout(() => {
            call.sendMetadata(new Metadata());
            call.write(call.request);
            call.end();
            sent.resolve();
          }, 60);
        },
      },
    });
    const outcome = await callFixture(client, "serverStream").outcome;
    await sent.promise;
    expect(outcome).toMatchObject({ code: status.ABORTED, messages: [], headers: undefined });
  });
});

describe("a status", () => {
  it("goes out, though its metadata is none of grpc-js's", async () => {
    const { client } = await serveFixture({
      interceptors: [serverInterceptor(() => ({}))],
      handlers: {
        // Out of the turn in which grpc-js would catch a throw.
        unary: (_call, callback) =>
          setTimeout(() => callback(new NotFoundError("no item") as unknown as Error), 1),
      },
    });
    expect((await callFixture(client, "unary").outcome).code).toBe(status.UNKNOWN);
  });

  it("of a failure is what the innermost hook says that knows of failures", async () => {
    const named = (details: string): ServerHook => {
      return () => ({ onFailure: () => ({ code: status.ABORTED, details }) });
    };
    const refuse: ServerHook = () => {
      throw new Error("no");
    };
    const hooks = [named("outer"), named("inner"), (() => ({})) as ServerHook, refuse];
    const { client } = await serveFixture({ interceptors: [serverInterceptor(...hooks)] });
    expect((await callFixture(client, "unary").outcome).details).toBe("inner");
  });
});
