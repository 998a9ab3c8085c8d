import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, ConsoleSpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import type { Settings } from "./settings.ts";

/** Sends spans to where the settings say. Once for a process; the result sends the last of them. */
export function startTracing({ tracesExporter }: Pick<Settings, "tracesExporter">): {
  close(): Promise<void>;
} {
  if (tracesExporter === "none") {
    return { close: async () => {} };
  }
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "item-service" }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new ConsoleSpanExporter() })],
  });
  trace.setGlobalTracerProvider(provider);
  return { close: () => provider.shutdown() };
}
