import { AsyncLocalStorage } from "node:async_hooks";
import { connect } from "node:http2";
import { type ServerInterceptor, status } from "@grpc/grpc-js";
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

/** Makes a call whose answer is never read, and tells how it ended for the hooks. */
async function outcomeOfUnread(interceptors: ServerInterceptor[], method: string) {
  const ended = Promise.withResolvers<CallOutcome>();
  const cut = serverInterceptor((call) => {
    const timer = setTimeout(() => call.fail(new StatusError(status.ABORTED, "enough")), 200);
    return {
      onEnd: (outcome) => {
        clearTimeout(timer);
        ended.resolve(outcome);
      },
    };
  });
  const { port } = await serveFixture({ interceptors: [...interceptors, cut] });
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
  const { code } = await ended.promise;
  return [method, status[code], session.destroyed];
}

describe("a caller that does not read", () => {
  it.each([
    ["by the only interceptor", []],
    ["by one inside of another", [serverInterceptor(() => ({}))]],
  ])("keeps nothing of a call that was ended %s", async (_where, outside) => {
    const methods = ["Unary", "ServerStream", "ClientStream", "Bidi"];
    const ends = await Promise.all(methods.map((method) => outcomeOfUnread(outside, method)));
    expect(ends).toEqual(methods.map((method) => [method, "ABORTED", false]));
  });
});
