import { createServer } from "node:net";
import { status } from "@grpc/grpc-js";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { sumsOf } from "../interceptors/serve-standard.ts";
import { serveTraced, type TracedFixture } from "./serve-traced.ts";
import { type Answer, startTraceReceiver, type TraceReceiver } from "./trace-receiver.ts";

const calls = 400;
const queue = 64;
const batch = 16;

/** Small batches, sent at once. */
function exportingTo(
  url: string,
  more: Readonly<Record<string, string>> = {},
): Promise<TracedFixture> {
  return serveTraced({
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_BSP_SCHEDULE_DELAY: "1",
    OTEL_BSP_MAX_QUEUE_SIZE: String(queue),
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: String(batch),
    ...more,
  });
}

/** Makes calls of all kinds, some at a time; all must be well, and all must be counted. */
async function makeCalls({ client, registry }: TracedFixture, made = 0): Promise<void> {
  const codes: number[] = [];
  const lane = async () => {
    for (let each = 0; each < calls / 8; each += 1) {
      const kind = callKinds[each % callKinds.length] ?? "unary";
      codes.push((await callFixture(client, kind).outcome).code);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  expect(codes).toEqual(Array.from({ length: calls }, () => status.OK));
  const handled = async () => {
    const sums = await sumsOf(registry, "grpc_server_handled_total");
    return [...sums.values()].reduce((sum, each) => sum + each, 0);
  };
  await expect.poll(handled).toBe(made + calls);
}

/** What telemetry has said in the log. */
function saidBy({ telemetryLines }: TracedFixture): string {
  return telemetryLines.map(({ telemetry }) => telemetry).join("\n");
}

/** A port at which connections are taken and nothing is ever said. */
async function startSilence(): Promise<string> {
  const sockets: { destroy(): void }[] = [];
  const server = createServer((socket) => sockets.push(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

describe("E9: a collector", () => {
  it("that is absent costs calls nothing, and the log a few lines", async () => {
    const fixture = await exportingTo("http://127.0.0.1:1");
    await makeCalls(fixture);
    await fixture.telemetry.close();
    const lines = fixture.telemetryLines;
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(5);
    expect(lines[0]).toMatchObject({ level: "warn", message: "telemetry" });
    expect(saidBy(fixture)).toContain("UNAVAILABLE");
  });

  it("that takes connections and says nothing costs calls nothing, and the stop seconds", async () => {
    const fixture = await exportingTo(await startSilence(), {
      OTEL_EXPORTER_OTLP_TIMEOUT: "60000",
    });
    await makeCalls(fixture);
    const stoppedAt = performance.now();
    await fixture.telemetry.close();
    // A minute if the stop waited for it.
    expect(performance.now() - stoppedAt).toBeLessThan(15_000);
    expect(saidBy(fixture)).toContain("timed out");
  });

  it("that never answers gets a batch and a queue of spans; more are dropped", async () => {
    const answers: Answer[] = [];
    let isHanging = true;
    const receiver = await startTraceReceiver({
      respond: (answer) => (isHanging ? answers.push(answer) : answer(null, Buffer.alloc(0))),
    });
    const fixture = await exportingTo(receiver.url);
    await callFixture(fixture.client, "unary").outcome;
    await expect.poll(() => receiver.spans.length).toBe(1);
    await makeCalls(fixture, 1);
    expect(receiver.spans).toHaveLength(1);
    isHanging = false;
    for (const each of answers) {
      each(null, Buffer.alloc(0));
    }
    await fixture.telemetry.close();
    expect(receiver.spans).toHaveLength(1 + queue);
  });

  it("that is slow gets what it can take", async () => {
    const receiver = await startTraceReceiver({
      respond: (answer) => void setTimeout(answer, 50, null, Buffer.alloc(0)),
    });
    const fixture = await exportingTo(receiver.url);
    await makeCalls(fixture);
    await fixture.telemetry.close();
    expect(receiver.spans.length).toBeGreaterThanOrEqual(queue);
    expect(receiver.spans.length).toBeLessThanOrEqual(calls);
  });

  it("that refuses is not asked twice, and its words are cut in the log", async () => {
    const receiver = await startTraceReceiver({
      respond: (answer) =>
        answer({ code: status.RESOURCE_EXHAUSTED, details: "no ".repeat(1_000) }),
    });
    const fixture = await exportingTo(receiver.url);
    await makeCalls(fixture);
    await fixture.telemetry.close();
    expect(saidBy(fixture)).toContain("RESOURCE_EXHAUSTED: no no no");
    for (const { telemetry } of fixture.telemetryLines) {
      expect(String(telemetry).length).toBeLessThanOrEqual(500);
    }
    expect(new Set(receiver.spans.map(({ spanId }) => spanId)).size).toBe(receiver.spans.length);
  });

  it("that dies midway and comes back gets the spans from then on", async () => {
    const first: TraceReceiver = await startTraceReceiver();
    const fixture = await exportingTo(first.url);
    await makeCalls(fixture);
    await expect.poll(() => first.spans.length).toBeGreaterThan(0);
    first.close();
    await makeCalls(fixture, calls);
    const port = Number(new URL(first.url).port);
    const second = await startTraceReceiver({ port });
    await expect
      .poll(
        async () => {
          await callFixture(fixture.client, "unary").outcome;
          return second.spans.length;
        },
        { timeout: 15_000 },
      )
      .toBeGreaterThan(0);
  });
});
