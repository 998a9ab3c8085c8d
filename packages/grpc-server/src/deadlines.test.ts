import { once } from "node:events";
import { status } from "@grpc/grpc-js";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { assert, asyncProperty, constantFrom, integer, option } from "fast-check";
import { describe, expect, it } from "vitest";
import { intercept } from "../test/intercept.ts";
import { openRawCall, statusOf } from "../test/raw-call.ts";
import { envelope, type FixtureHandlers, serveFixture } from "../test/serve-fixture.ts";
import type { CallContext } from "./call-context.ts";

const never = Number.POSITIVE_INFINITY;
const path = (kind: string) => `/fixtures.FixtureService/${kind}`;

/** Handlers that go on until their signal aborts, and those signals' reasons. */
function stuckHandlers(): { handlers: FixtureHandlers; reasons: unknown[]; begun: () => number } {
  const reasons: unknown[] = [];
  let begun = 0;
  async function stuck({ signal }: CallContext): Promise<never> {
    begun += 1;
    await once(signal, "abort");
    reasons.push(signal.reason);
    throw signal.reason;
  }
  return {
    reasons,
    begun: () => begun,
    handlers: {
      unary: (_request, context) => stuck(context),
      async *serverStream(_request, context) {
        yield envelope({});
        await stuck(context);
      },
      clientStream: (_requests, context) => stuck(context),
      async *bidi(_requests, context) {
        yield envelope({});
        await stuck(context);
      },
    },
  };
}

describe("deadlines", () => {
  it.each(callKinds)("are the server's own where they are nearer: %s", async (kind) => {
    const { handlers, reasons } = stuckHandlers();
    const { client, server } = await serveFixture(handlers, { deadlines: { maxMs: 50 } });
    const call = callFixture(client, kind, { keepOpen: true });
    expect((await call.outcome).code).toBe(status.DEADLINE_EXCEEDED);
    await expect.poll(() => reasons).toMatchObject([{ code: status.DEADLINE_EXCEEDED }]);
    await expect.poll(() => server.inFlight).toBe(0);
  });

  it("have a default for unary calls, and others for some methods", async () => {
    const seen: Record<string, number> = {};
    const note = (name: string, context: CallContext) => {
      seen[name] = context.deadline === never ? never : context.deadline - Date.now();
    };
    const { client } = await serveFixture(
      {
        unary(request, context) {
          note("unary", context);
          return request;
        },
        *serverStream(request, context) {
          note("serverStream", context);
          yield request;
        },
        clientStream(_requests, context) {
          note("clientStream", context);
          return envelope({});
        },
      },
      {
        deadlines: {
          defaultMs: 60_000,
          maxMs: 3_600_000,
          methods: {
            [path("ServerStream")]: { defaultMs: 120_000 },
            [path("ClientStream")]: { maxMs: 40_000 },
          },
        },
      },
    );
    for (const kind of ["unary", "serverStream", "clientStream"] as const) {
      await callFixture(client, kind, { deadline: never }).outcome;
    }
    const rounded = Object.entries(seen).map(([name, ms]) => [name, Math.ceil(ms / 10_000)]);
    expect(Object.fromEntries(rounded)).toEqual({ unary: 6, serverStream: 12, clientStream: 4 });
  });

  it.each(["Unary", "ServerStream"])(
    "A17: end a call whose request does not come: %s",
    async (method) => {
      const { port, server } = await serveFixture({}, { deadlines: { defaultMs: 60 } });
      const stream = openRawCall(port, path(method));
      stream.write(Buffer.from([0, 0]));
      const [headers] = await once(stream, "response");
      expect(headers["grpc-status"]).toBe(String(status.DEADLINE_EXCEEDED));
      expect(server.inFlight).toBe(0);
    },
  );

  it("do not end a server stream whose request has come", async () => {
    const goOn = Promise.withResolvers<void>();
    const { client } = await serveFixture(
      {
        async *serverStream(request) {
          yield request;
          await goOn.promise;
          yield request;
        },
      },
      { deadlines: { defaultMs: 30 } },
    );
    const call = callFixture(client, "serverStream");
    setTimeout(goOn.resolve, 100);
    expect((await call.outcome).messages).toHaveLength(2);
  });

  it("end a call that interceptors hold back", async () => {
    const holdBack = intercept({}, { onReceiveMetadata() {} });
    const options = { deadlines: { defaultMs: 40 }, interceptors: [holdBack] };
    const { client, server } = await serveFixture({}, options);
    const call = callFixture(client, "unary", { deadline: never });
    expect((await call.outcome).code).toBe(status.DEADLINE_EXCEEDED);
    expect(server.inFlight).toBe(0);
  });

  it.each([
    ["597H", status.OK],
    ["99999999H", status.OK],
    ["99999999M", status.OK],
    ["0m", status.DEADLINE_EXCEEDED],
    ["abc", status.INTERNAL],
    ["-1S", status.INTERNAL],
    ["123456789S", status.INTERNAL],
    ["1e3S", status.INTERNAL],
    ["0x10S", status.INTERNAL],
  ])("B14: a grpc-timeout of %s is %s", async (timeout, code) => {
    const { port } = await serveFixture();
    const stream = openRawCall(port, path("Unary"), { "grpc-timeout": timeout });
    stream.resume().end(Buffer.alloc(5));
    expect(await statusOf(stream)).toBe(code);
  });

  it("Property 9: deadline enforcement, the server's side (5.4)", async () => {
    const { handlers, reasons, begun } = stuckHandlers();
    const options = { deadlines: { defaultMs: 20, maxMs: 25 } };
    const { port, server, errors } = await serveFixture(handlers, options);
    const methods = constantFrom("Unary", "ServerStream", "ClientStream", "Bidi");
    // A caller that does not watch its own deadline: what ends the call is the server.
    const timeout = option(integer({ min: 0, max: 40 }));
    await assert(
      asyncProperty(methods, timeout, async (method, ms) => {
        reasons.length = 0;
        const before = begun();
        const headers: Record<string, string> = ms === null ? {} : { "grpc-timeout": `${ms}m` };
        const stream = openRawCall(port, path(method), headers).resume();
        const ended = statusOf(stream);
        stream.write(Buffer.alloc(5));
        if (!method.startsWith("Client") && method !== "Bidi") {
          stream.end();
        }
        expect(await ended).toBe(status.DEADLINE_EXCEEDED);
        await expect.poll(() => server.inFlight, { interval: 1 }).toBe(0);
        expect(reasons.length).toBe(begun() - before);
        for (const reason of reasons) {
          expect(reason).toMatchObject({ code: status.DEADLINE_EXCEEDED });
        }
        stream.session?.destroy();
      }),
      { numRuns: 150 },
    );
    expect(errors).toEqual([]);
  });
});

describe("streamIdleTimeoutMs", () => {
  it("A17: ends a stream without messages, and not one that has them", async () => {
    const { port, server, client } = await serveFixture(
      {
        async *bidi(requests) {
          yield* requests;
        },
      },
      { streamIdleTimeoutMs: 150 },
    );
    const stream = openRawCall(port, path("Bidi"));
    stream.write(Buffer.from([0, 0, 0]));
    const lively = callFixture(client, "bidi", { keepOpen: true });
    const sending = setInterval(() => lively.send({}), 20);
    const [headers] = await once(stream, "response");
    expect(headers["grpc-status"]).toBe(String(status.DEADLINE_EXCEEDED));
    expect(server.stats.refused).toEqual({ stream_idle: 1 });
    clearInterval(sending);
    lively.cancel();
    await lively.outcome;
  });
});
