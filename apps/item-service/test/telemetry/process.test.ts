import { once } from "node:events";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { expect, it } from "vitest";
import { createItem, stubOf } from "../serve.ts";
import { type ServiceProcess, sources, startProcess } from "../start-process.ts";
import { startTraceReceiver } from "./trace-receiver.ts";

// Processes start slowly on a busy machine.
const timeoutMs = 60_000;

// Nothing is sent before the stop.
const late = { OTEL_TRACES_EXPORTER: "otlp", OTEL_BSP_SCHEDULE_DELAY: "600000" };

async function createOne({ address, token }: ServiceProcess): Promise<void> {
  await createItem(stubOf(ItemServiceService, address, { token }), "LAMP-1");
}

/** The lines of its log. */
function logged(stderr: string): readonly Record<string, unknown>[] {
  const lines = stderr.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line));
}

it.each(["1", "2"])(
  "sends the last spans of a process on SIGTERM, of %s workers",
  async (workers) => {
    const receiver = await startTraceReceiver();
    const environment = {
      ...late,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20s3cret",
      GRPC_SERVER_MAX_WORKERS: workers,
    };
    const started = await startProcess(environment, sources);
    await createOne(started);
    expect(receiver.spans).toEqual([]);
    started.child.kill("SIGTERM");
    expect(await once(started.child, "exit")).toEqual([0, null]);
    const [span, ...more] = receiver.spans;
    expect(more).toEqual([]);
    expect(span).toMatchObject({
      name: "examples.ItemService/CreateItem",
      resource: { "service.name": "item-service" },
    });
    const line = logged(started.stderr()).find(({ message }) => message === "finished call");
    expect(line).toMatchObject({ trace_id: span?.traceId, "grpc.code": "OK" });
    expect(started.stderr() + started.output()).not.toContain("s3cret");
  },
  timeoutMs,
);

it(
  "E9: a process ends while its collector hangs, whatever the collector's time limit",
  async () => {
    const receiver = await startTraceReceiver({ respond: () => {} });
    const environment = {
      ...late,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: "600000",
    };
    const started = await startProcess(environment, sources);
    await createOne(started);
    started.child.kill("SIGTERM");
    expect(await once(started.child, "exit")).toEqual([0, null]);
    expect(receiver.spans).toHaveLength(1);
    const lines = logged(started.stderr());
    expect(lines.find(({ message }) => message === "telemetry")?.telemetry).toContain("timed out");
    // The last line is there as well.
    expect(lines.at(-1)).toMatchObject({ message: "phase", phase: "stopped" });
  },
  timeoutMs,
);
