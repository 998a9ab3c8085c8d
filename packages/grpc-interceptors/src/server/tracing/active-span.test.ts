import type { EventEmitter } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { type CallKind, callFixture, callKinds } from "@grpc-kit/testing";
import type { Envelope } from "@grpc-kit/testing/fixtures";
import { trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { type FixtureHandlers, serveFixture } from "../../../test/serve-fixture.ts";
import { collectSpans, useContextManager } from "../../../test/tracing-setup.ts";
import type { ServerHook } from "../call-hook.ts";
import { serverInterceptor } from "../server-interceptor.ts";
import { tracing } from "./tracing.ts";

useContextManager();

type Note = (place: string) => void;

/** Handlers that note which span is active, wherever they run code. */
function noting(note: Note): FixtureHandlers {
  async function* answers(request: Envelope): AsyncGenerator<Envelope> {
    for (let index = 0; index < 3; index += 1) {
      await turn();
      note("generator");
      yield request;
    }
  }
  const noteEnd = (call: EventEmitter, end: () => void) => {
    call.on("end", async () => {
      note("end");
      await turn();
      note("end, later");
      end();
    });
  };
  return {
    async unary(call, callback) {
      note("start");
      await turn();
      note("await");
      setTimeout(() => {
        note("timer");
        callback(null, call.request);
      }, 1);
    },
    async serverStream(call) {
      note("start");
      for await (const answer of answers(call.request)) {
        note("loop");
        call.write(answer);
      }
      call.end();
    },
    clientStream(call, callback) {
      let latest: Envelope;
      call.on("data", (message: Envelope) => {
        note("data");
        latest = message;
      });
      noteEnd(call, () => callback(null, latest));
    },
    bidi(call) {
      note("start");
      call.on("data", (message: Envelope) => {
        note("data");
        call.write(message);
      });
      noteEnd(call, () => call.end());
    },
  };
}

const places: Record<CallKind, string[]> = {
  unary: ["start", "await", "timer"],
  serverStream: ["start", "generator", "loop"],
  clientStream: ["data", "end", "end, later"],
  bidi: ["start", "data", "end", "end, later"],
};

describe("tracing", () => {
  it.each(callKinds)("keeps the span active all through the handler: %s", async (kind) => {
    const { exporter, options } = collectSpans();
    const noted: [place: string, spanId: string | undefined][] = [];
    const note: Note = (place) => noted.push([place, trace.getActiveSpan()?.spanContext().spanId]);
    const wait: ServerHook = async () => {
      await turn();
      note("interceptor");
      return { onMessage: () => note("message"), onSendMessage: () => note("reply") };
    };
    const { client } = await serveFixture({
      interceptors: [tracing(options), serverInterceptor(wait)],
      handlers: noting(note),
    });
    const requests = [{ text: "a" }, { text: "b" }, { text: "c" }];
    // Calls at the same time on one connection, so that a mix-up would show.
    const calls = [1, 2, 3].map(() => callFixture(client, kind, { requests }).outcome);
    for (const { code } of await Promise.all(calls)) {
      expect(code).toBe(status.OK);
    }
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(3);
    const ids = exporter.getFinishedSpans().map((span) => span.spanContext().spanId);
    expect(new Set(noted.map(([place]) => place))).toEqual(
      new Set([...places[kind], "interceptor", "message", "reply"]),
    );
    const inside = noted.filter(([place]) => place !== "message" && place !== "reply");
    for (const place of new Set(inside.map(([name]) => name))) {
      const active = inside.filter(([name]) => name === place).map(([, spanId]) => spanId);
      expect([place, new Set(active)]).toEqual([place, new Set(ids)]);
    }
  });
});
