import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Harness } from "../../harness/harness.ts";
import { inLanes } from "../../harness/in-lanes.ts";
import { judge, missUnless, outcomeOf } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import { tally, wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { callerOf, callWith } from "../d/key-service.ts";
import { tailOf } from "./log-lines.ts";
import { startTraceReceiver, type TraceReceiver, tracesTo } from "./trace-receiver.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const parent = "00f067aa0ba902b7";
const valid = `00-${trace}-${parent}-01`;

/** What begins a new trace. */
const malformed: readonly (string | string[])[] = [
  "",
  "00",
  `00-${"0".repeat(32)}-${parent}-01`,
  `00-${trace}-${"0".repeat(16)}-01`,
  `ff-${trace}-${parent}-01`,
  `00-${trace}-${parent}`,
  `00-${trace}-${parent}-01-extra`,
  `00-${trace.toUpperCase()}-${parent}-01`,
  `00-${trace.slice(1)}-${parent}-01`,
  `00-${trace}x-${parent}-01`,
  `00-${trace}-${parent}-zz`,
  `${valid}, ${valid}`,
  [valid, valid],
  [valid, `00-${"a".repeat(32)}-${parent}-01`],
  "x".repeat(4_000),
];
const ratio = 0.1;

async function tracedService(
  harness: Harness,
): Promise<{ service: Service; receiver: TraceReceiver }> {
  const receiver = await startTraceReceiver(harness);
  const sampler = { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: String(ratio) };
  const service = await harness.service({
    own: true,
    env: { ...tracesTo(receiver.url), ...sampler },
  });
  return { service, receiver };
}

export const tracePoisoning: Row = {
  id: "E7",
  fault:
    "traceparent that is malformed, all zeros, doubled, and one that asks to be sampled on each call",
  promise:
    "what is malformed begins a new trace; with a sampler that does not ask callers no more is sampled than its ratio",
  isQuick: true,
  async run(harness) {
    const { service, receiver } = await tracedService(harness);
    const caller = callerOf(harness, service);
    const authorization = `Bearer ${service.token()}`;
    const tail = tailOf(service);
    const tries = [valid, ...malformed].map((traceparent) => ({ traceparent, id: randomUUID() }));
    for (const { traceparent, id } of tries) {
      await callWith(caller, { authorization, traceparent, "x-request-id": id });
    }
    const ids = new Set<unknown>(tries.map(({ id }) => id));
    const lines = await tail.waitFor(tries.length, ({ request_id }) => ids.has(request_id));
    const traceOf = (id: string): unknown =>
      lines.find(({ fields }) => fields?.request_id === id)?.fields?.trace_id;
    const wrong = tries.filter(({ traceparent, id }) => {
      const got = String(traceOf(id));
      return traceparent === valid
        ? got !== trace
        : !/^[\da-f]{32}$/.test(got) || got === trace || /^0+$/.test(got);
    });

    const count = harness.isQuick ? 600 : 10_000;
    const names = await inLanes(Array.from({ length: count }), 16, async () => {
      const traceparent = `00-${randomBytes(16).toString("hex")}-${parent}-01`;
      return (await callWith(caller, { authorization, traceparent })).name;
    });
    // All spans are sent soon; those that were never made cannot be waited for.
    await delay(500);
    const sampled = receiver.traceIds.length;
    // Six standard deviations.
    const most = count * ratio + 6 * Math.sqrt(count * ratio * (1 - ratio)) + tries.length;
    return {
      measured: `${tries.length - wrong.length} of ${tries.length} headers as they should; ${sampled} of ${count} sampled where all asked for it, the ratio being ${ratio}`,
      misses: [
        ...wrong.map(
          ({ traceparent, id }) =>
            `${JSON.stringify(traceparent).slice(0, 90)} has the trace ${traceOf(id)}`,
        ),
        ...wrongAmong("calls", names, ["NOT_FOUND"]),
        ...missUnless(sampled > 0, "no span has come"),
        ...missUnless(sampled <= most, `${sampled} spans have come, more than ${Math.round(most)}`),
      ],
    };
  },
};

export const baggageBomb: Row = {
  id: "E8",
  fault: "baggage of 60 KB, of 8 KB, and of 500 entries (CVE-2026-54285)",
  promise:
    "what is more than 8,192 bytes or 180 entries is not read; the call is answered or refused; nothing is kept or sent on",
  isQuick: false,
  async run(harness) {
    const { service, receiver } = await tracedService(harness);
    const caller = callerOf(harness, service);
    const authorization = `Bearer ${service.token()}`;
    const bombs = {
      "60 KB": `planted=${"x".repeat(60_000)}`,
      "7 KB": `planted=${"x".repeat(7_000)}`,
      "500 entries": Array.from({ length: 500 }, (_, n) => `planted${n}=1`).join(","),
      "no baggage": "=;,=,;;planted",
    };
    const rounds = harness.isQuick ? 25 : 500;
    const plan = Object.values(bombs).flatMap((baggage) =>
      Array.from({ length: rounds }, () => baggage),
    );
    for (const baggage of Object.values(bombs)) {
      await callWith(caller, { authorization, baggage, traceparent: valid });
    }
    const verdict = await judge(harness, service, { memory: { keptMiB: 4 } }, () =>
      inLanes(
        plan,
        4,
        async (baggage) =>
          (await callWith(caller, { authorization, baggage, traceparent: valid })).name,
      ),
    );
    const sent = receiver.requests.filter((metadata) => metadata.get("baggage").length > 0).length;
    const spans = Buffer.concat(receiver.bodies).includes("planted");
    return outcomeOf(verdict, {
      measured: [
        `${plan.length} calls: ${tally(verdict.result)}`,
        `${sent} requests of ours had baggage`,
      ],
      misses: [
        ...wrongAmong("calls", verdict.result, ["NOT_FOUND", "RESOURCE_EXHAUSTED"]),
        ...missUnless(sent === 0, `${sent} requests to the collector had baggage`),
        ...missUnless(!spans, "baggage is in spans"),
      ],
    });
  },
};
