import { AsyncLocalStorage } from "node:async_hooks";
import { connect } from "node:http2";
import { status } from "@grpc/grpc-js";
import { StatusError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { frame } from "@grpc-kit/testing/bench";
import { describe, expect, it, onTestFinished } from "vitest";
import { serveFixture } from "../../test/serve-fixture.ts";
import type { CallOutcome, ServerHook } from "./call-hook.ts";
import { serverInterceptor } from "./server-interceptor.ts";

describe("run", () => {
  it.each(callKinds)("holds for all that hooks further inside see: %s", async (kind) => {
    const storage = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const look = (place: string) => seen.push(`${place} ${storage.getStore()}`);
    const scope: ServerHook = () => ({ run: (work) => storage.run("scope", work) });
    const inside: ServerHook = () => {
      look("headers");
      return {
        onMessage: () => look("message"),
        onSendMessage: () => look("reply"),
        onSendStatus: (sent) => {
          look("status");
          return sent;
        },
        onEnd: () => look("end"),
      };
    };
    const { client } = await serveFixture({ interceptors: [serverInterceptor(scope, inside)] });
    await callFixture(client, kind).outcome;
    await expect.poll(() => seen.length).toBe(5);
    expect(seen).toEqual(
      ["headers", "message", "reply", "status", "end"].map((place) => `${place} scope`),
    );
  });
});

describe("a caller that does not read", () => {
  it.each(
    ["Unary", "ServerStream", "ClientStream", "Bidi"].flatMap((method) => [
      [method, "one interceptor"] as const,
      [method, "more of them"] as const,
    ]),
  )("keeps nothing of a call that was ended: %s, %s", async (method, how) => {
    const outcomes: CallOutcome[] = [];
    const cut: ServerHook = (call) => {
      const timer = setTimeout(() => call.fail(new StatusError(status.ABORTED, "enough")), 200);
      return {
        onEnd: (outcome) => {
          clearTimeout(timer);
          outcomes.push(outcome);
        },
      };
    };
    const { port } = await serveFixture({
      interceptors:
        how === "one interceptor"
          ? [serverInterceptor(cut)]
          : [serverInterceptor(() => ({})), serverInterceptor(cut)],
    });
    const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
    onTestFinished(() => session.destroy());
    const stream = session.request({
      ":method": "POST",
      ":path": `/fixtures.FixtureService/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("error", () => {});
    stream.end(frame({ text: "hello" }));
    await expect.poll(() => outcomes).toMatchObject([{ code: status.ABORTED }]);
    expect(session.destroyed).toBe(false);
  });
});
