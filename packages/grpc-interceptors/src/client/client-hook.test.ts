import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { createServer } from "node:net";
import { InterceptingCall, type Interceptor, Metadata, status } from "@grpc/grpc-js";
import { callFixture, callKinds, createFixtureClient } from "@grpc-kit/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { serveArrivals } from "../../test/client-arrivals.ts";
import { serveFixture } from "../../test/serve-fixture.ts";
import { type ClientOutcome, clientInterceptor } from "./client-hook.ts";

function recording(): { readonly ends: ClientOutcome[]; readonly interceptor: Interceptor } {
  const ends: ClientOutcome[] = [];
  return { ends, interceptor: clientInterceptor(() => ({ onEnd: (end) => ends.push(end) })) };
}

const hang = (): void => {};
const hanging = { unary: hang, serverStream: hang, clientStream: hang, bidi: hang };

/** A second end would come at once, if it came. */
async function expectOneEnd(ends: ClientOutcome[], end: Partial<ClientOutcome>): Promise<void> {
  await expect.poll(() => ends).toMatchObject([end]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(ends).toHaveLength(1);
}

describe("clientInterceptor", () => {
  it.each(callKinds)("tells of a call that succeeds, once, with its counts: %s", async (kind) => {
    const { ends, interceptor } = recording();
    const { client } = await serveFixture({ clientInterceptors: [interceptor] });
    const { messages } = await callFixture(client, kind, { requests: [{}, {}] }).outcome;
    const messagesSent = kind === "unary" || kind === "serverStream" ? 1 : 2;
    const messagesReceived = messages.length;
    await expectOneEnd(ends, { code: status.OK, messagesSent, messagesReceived });
    expect(ends[0]?.durationMs).toBeGreaterThan(0);
  });

  it.each(callKinds)("tells of a call that fails, once: %s", async (kind) => {
    const { ends, interceptor } = recording();
    const error = { code: status.NOT_FOUND, details: "not here" };
    const { client } = await serveFixture({
      clientInterceptors: [interceptor],
      handlers: {
        unary: (_call, callback) => callback(error),
        clientStream: (_call, callback) => callback(error),
        serverStream: (call) => call.emit("error", error),
        bidi: (call) => call.emit("error", error),
      },
    });
    await callFixture(client, kind).outcome;
    await expectOneEnd(ends, { ...error, messagesReceived: 0 });
  });

  it.each(callKinds)("tells of a call that is cancelled, once: %s", async (kind) => {
    const { ends, interceptor } = recording();
    const started = Promise.withResolvers<void>();
    const start = (): void => started.resolve();
    const { client } = await serveFixture({
      clientInterceptors: [interceptor],
      handlers: { unary: start, serverStream: start, clientStream: start, bidi: start },
    });
    const call = callFixture(client, kind);
    await started.promise;
    call.cancel();
    call.cancel();
    await call.outcome;
    await expectOneEnd(ends, { code: status.CANCELLED });
  });

  it.each(callKinds)("tells of a deadline that passes, once: %s", async (kind) => {
    const { ends, interceptor } = recording();
    const { client } = await serveFixture({ clientInterceptors: [interceptor], handlers: hanging });
    await callFixture(client, kind, { deadline: Date.now() + 100 }).outcome;
    await expectOneEnd(ends, { code: status.DEADLINE_EXCEEDED });
  });

  it.each(callKinds)("tells of a connection that is reset, once: %s", async (kind) => {
    const { ends, interceptor } = recording();
    const started = Promise.withResolvers<void>();
    const start = (): void => started.resolve();
    const { client, server } = await serveFixture({
      clientInterceptors: [interceptor],
      handlers: { unary: start, serverStream: start, clientStream: start, bidi: start },
    });
    const { outcome } = callFixture(client, kind);
    await started.promise;
    server.forceShutdown();
    const { code } = await outcome;
    expect([status.UNAVAILABLE, status.CANCELLED]).toContain(code);
    await expectOneEnd(ends, { code });
  });

  it.each(callKinds)("tells of a server that is not there, once: %s", async (kind) => {
    const { ends, interceptor } = recording();
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    taken.close();
    await once(taken, "close");
    const client = createFixtureClient(`127.0.0.1:${port}`);
    onTestFinished(() => client.close());
    const { code } = await callFixture(client, kind, { interceptors: [interceptor] }).outcome;
    expect(code).toBe(status.UNAVAILABLE);
    await expectOneEnd(ends, { code });
  });

  it.each(callKinds)("adds metadata to the call, not to the caller's own: %s", async (kind) => {
    const add = clientInterceptor(({ metadata }) => {
      metadata.set("x-added", "yes");
      return undefined;
    });
    const { client, arrivals } = await serveArrivals([add]);
    const metadata = new Metadata();
    metadata.set("x-own", "mine");
    await callFixture(client, kind, { metadata }).outcome;
    expect(arrivals).toMatchObject([{ metadata: { "x-added": "yes", "x-own": "mine" } }]);
    expect(metadata.getMap()).toEqual({ "x-own": "mine" });
  });

  it("leaves alone what an interceptor in between has been given", async () => {
    const adding = (key: string) =>
      clientInterceptor(({ metadata }) => {
        metadata.set(key, "yes");
        return undefined;
      });
    const kept: Metadata[] = [];
    const keep: Interceptor = (options, nextCall) =>
      new InterceptingCall(nextCall(options), {
        start(metadata, listener, next) {
          kept.push(metadata);
          next(metadata, listener);
        },
      });
    const interceptors = [adding("x-1"), adding("x-2"), keep, adding("x-3"), adding("x-4")];
    const { client, arrivals } = await serveArrivals(interceptors);
    await callFixture(client, "unary").outcome;
    const all = { "x-1": "yes", "x-2": "yes", "x-3": "yes", "x-4": "yes" };
    expect(arrivals).toMatchObject([{ metadata: all }]);
    expect(kept.map((metadata) => metadata.getMap())).toEqual([{ "x-1": "yes", "x-2": "yes" }]);
  });

  it.each(callKinds)("runs what sends the call inside of `run`: %s", async (kind) => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const outer = clientInterceptor(() => ({ run: (work) => storage.run("inside", work) }));
    const inner = clientInterceptor(() => {
      seen.push(storage.getStore());
      return undefined;
    });
    const { client } = await serveFixture({ clientInterceptors: [outer, inner] });
    expect(await callFixture(client, kind).outcome).toMatchObject({ code: status.OK });
    expect(seen).toEqual(["inside"]);
  });

  it.each(callKinds)("lets a call be when a hook throws at its end: %s", async (kind) => {
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const broken = clientInterceptor(() => ({
      onEnd() {
        throw new Error("broken hook");
      },
    }));
    const { client } = await serveFixture({ clientInterceptors: [broken] });
    expect(await callFixture(client, kind).outcome).toMatchObject({ code: status.OK });
    expect(written.mock.calls.join()).toContain("broken hook");
  });

  it.each(callKinds)("lets a call be when a hook throws at its start: %s", async (kind) => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const broken = clientInterceptor(() => {
      throw new Error("broken hook");
    });
    const { client } = await serveFixture({ clientInterceptors: [broken] });
    expect(await callFixture(client, kind).outcome).toMatchObject({ code: status.OK });
  });
});
