import { randomBytes } from "node:crypto";
import { credentials, status } from "@grpc/grpc-js";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import {
  type Context,
  context,
  createTraceState,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  dictionary,
  record,
  string,
  stringMatching,
  uniqueArray,
} from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { startTracedProcess } from "../../../test/tracing-process.ts";
import type { SeenContexts } from "../../../test/tracing-sent-span.ts";
import { collectSpans, useContextManager } from "../../../test/tracing-setup.ts";
import { tracing as clientTracing } from "../../client/tracing/tracing.ts";

useContextManager();

const begun = record({
  kind: constantFrom(...callKinds),
  isSampled: boolean(),
  stateKeys: uniqueArray(stringMatching(/^[a-z][a-z0-9_*/-]{0,20}$/), { maxLength: 5 }),
  stateValue: stringMatching(/^[!-+\--<>-~]{1,20}$/),
  baggage: dictionary(
    stringMatching(/^[a-z][\w.-]{0,20}$/),
    string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
    { maxKeys: 5 },
  ),
  messages: array(constantFrom({ text: "a" }), { minLength: 1, maxLength: 3 }),
});

it("Property 13: trace context propagation (7.3)", async () => {
  const { address, spans } = await startTracedProcess();
  const { exporter, options } = collectSpans();
  const client = new FixtureServiceClient(address, credentials.createInsecure(), {
    interceptors: [clientTracing({ ...options, target: address })],
  });
  onTestFinished(() => client.close());
  let sampledCalls = 0;
  await assert(
    asyncProperty(begun, async ({ kind, isSampled, stateKeys, stateValue, baggage, messages }) => {
      exporter.reset();
      const traceId = randomBytes(16).toString("hex");
      const spanId = randomBytes(8).toString("hex");
      const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
      const state = stateKeys.map((key) => `${key}=${stateValue}`).join(",");
      const traceState = createTraceState(state);
      const parent = trace.setSpanContext(ROOT_CONTEXT, {
        traceId,
        spanId,
        traceFlags,
        traceState,
      });
      const call = context.with(withBaggage(parent, baggage), () =>
        callFixture(client, kind, { requests: messages }),
      );
      const { code, messages: answers } = await call.outcome;
      expect(code).toBe(status.OK);

      const seen = answers.map(({ text }) => JSON.parse(text) as SeenContexts);
      const same = { traceId, traceFlags, baggage, ...(state !== "" && { traceState: state }) };
      for (const { spanId: _, ...rest } of seen.flatMap(({ own, next }) => [own, next])) {
        expect(rest).toEqual(same);
      }
      const ownIds = new Set(seen.map(({ own }) => own.spanId));
      expect([ownIds.size, ownIds.has(spanId)]).toEqual([1, false]);
      if (!isSampled) {
        expect(exporter.getFinishedSpans()).toEqual([]);
        return;
      }
      sampledCalls += 1;

      const [sent] = exporter.getFinishedSpans();
      expect(sent?.parentSpanContext).toMatchObject({ traceId, spanId });
      const calls = {
        unary: 1,
        serverStream: 2,
        clientStream: messages.length,
        bidi: messages.length,
      };
      const there = () => spans.filter((span) => span.traceId === traceId);
      await expect.poll(() => there().length, { interval: 2 }).toBe(1 + 2 * calls[kind]);
      const [ownId] = ownIds;
      const [served, ...others] = there().filter(
        ({ parentSpanId }) => parentSpanId === sent?.spanContext().spanId,
      );
      expect([served?.spanId, served?.kind, others]).toEqual([ownId, SpanKind.SERVER, []]);
      const nested = there().filter(({ parentSpanId }) => parentSpanId === ownId);
      expect(nested.map((span) => span.kind)).toEqual(Array(calls[kind]).fill(SpanKind.CLIENT));
      const parents = there()
        .filter((span) => span.kind === SpanKind.SERVER && span !== served)
        .map(({ parentSpanId }) => parentSpanId);
      expect(parents.sort()).toEqual(nested.map((span) => span.spanId).sort());
    }),
    { numRuns: 200 },
  );
  // None came of the others, or came twice.
  expect(new Set(spans.map((span) => span.traceId)).size).toBe(sampledCalls);
  expect(sampledCalls).toBeGreaterThan(50);
}, 60_000);

function withBaggage(parent: Context, values: Readonly<Record<string, string>>): Context {
  const entries = Object.entries(values).map(([key, value]) => [key, { value }]);
  return propagation.setBaggage(parent, propagation.createBaggage(Object.fromEntries(entries)));
}
