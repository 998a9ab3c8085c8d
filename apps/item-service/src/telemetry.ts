import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { context, DiagLogLevel, diag, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  CompositePropagator,
  callWithTimeout,
  setGlobalErrorHandler,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Logger } from "pino";
import { telemetryLog } from "./telemetry-log.ts";
import type { TelemetrySettings } from "./telemetry-settings.ts";

export interface Telemetry {
  /** Sends the last spans, for at most 4 seconds. Never rejects: a service stops without a collector. */
  close(): Promise<void>;
}

export interface TelemetryOptions {
  /** Takes what goes wrong with the spans, a few lines a minute. */
  readonly logger: Pick<Logger, "warn">;
  /** The package.json that names the service and its version. Default: item-service's. */
  readonly packageUrl?: URL;
}

// A server gives each of its cleanups 5 seconds.
const maxFlushMs = 4_000;

/**
 * Sends spans to where the settings say, and passes on the caller's trace even if that is nowhere. Once
 * for a process, before the first call. A collector that is down, slow or hanging costs calls nothing:
 * what does not fit into the queue is dropped.
 */
export function startTelemetry(
  settings: TelemetrySettings,
  { logger, packageUrl = new URL("../package.json", import.meta.url) }: TelemetryOptions,
): Telemetry {
  const log = telemetryLog(logger);
  const onError = (error: unknown): void => log.error(String(error));
  diag.setLogger(log, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  setGlobalErrorHandler(onError);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(toPropagator(settings));
  const provider = toProvider(settings, packageUrl);
  if (provider !== undefined) {
    trace.setGlobalTracerProvider(provider);
  }
  const stop = async (): Promise<void> => {
    if (provider !== undefined) {
      await callWithTimeout(provider.shutdown(), maxFlushMs).catch(onError);
    }
    for (const api of [trace, propagation, context, diag]) {
      api.disable();
    }
  };
  let stopped: Promise<void> | undefined;
  return {
    close() {
      stopped ??= stop();
      return stopped;
    },
  };
}

function toPropagator({ propagators }: TelemetrySettings): CompositePropagator {
  const all = {
    tracecontext: W3CTraceContextPropagator,
    baggage: W3CBaggagePropagator,
  } as const;
  return new CompositePropagator({ propagators: propagators.map((name) => new all[name]()) });
}

function toProvider(settings: TelemetrySettings, packageUrl: URL): TracerProvider | undefined {
  if (settings.tracesExporter === "none") {
    return undefined;
  }
  // Reads OTEL_EXPORTER_OTLP_….
  const exporter =
    settings.tracesExporter === "otlp" ? new OTLPTraceExporter() : new ConsoleSpanExporter();
  return new TracerProvider({
    resource: describeProcess(packageUrl),
    sampler: toSampler(settings),
    spanProcessors: [new BatchSpanProcessor({ exporter, ...settings.batches })],
  });
}

function toSampler({ sampler, samplerRatio }: TelemetrySettings): Sampler {
  const root = sampler.endsWith("always_on")
    ? new AlwaysOnSampler()
    : sampler.endsWith("always_off")
      ? new AlwaysOffSampler()
      : new TraceIdRatioBasedSampler(samplerRatio);
  return sampler.startsWith("parentbased_") ? new ParentBasedSampler({ root }) : root;
}

/** What is said of the process that makes the spans. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win. */
function describeProcess(packageUrl: URL): Resource {
  const { name, version } = JSON.parse(readFileSync(packageUrl, "utf8"));
  const own = resourceFromAttributes({
    "service.name": name.replace(/^@.*\//, ""),
    "service.version": version,
    "service.instance.id": randomUUID(),
    "process.pid": process.pid,
  });
  const detectors = [resourceAttributesEnvDetector, serviceNameEnvDetector];
  return defaultResource().merge(own).merge(detectResources({ detectors }));
}
