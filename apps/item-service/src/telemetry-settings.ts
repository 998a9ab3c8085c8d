import { z } from "zod";
import { checkOtlpVariables } from "./otlp-variables.ts";
import { collectFaults, type Environment, integer, readVariables } from "./read-variables.ts";

/** What is done with spans. How to reach the collector, the exporter reads from the environment itself. */
export interface TelemetrySettings {
  /** Where spans go. Default: "none". */
  readonly tracesExporter: (typeof exporters)[number];
  /** What is read of the caller's headers, and passed on. Default: both. */
  readonly propagators: readonly (typeof propagators)[number][];
  /** Default: "parentbased_always_on". */
  readonly sampler: (typeof samplers)[number];
  /** The share of traces, from 0 to 1, that the samplers by ratio take. Default: 1. */
  readonly samplerRatio: number;
  readonly batches: SpanBatchSettings;
}

export interface SpanBatchSettings {
  /** From one batch to the next. Default: 5_000. */
  readonly scheduledDelayMillis: number;
  /** What a batch may take. Default: 30_000. */
  readonly exportTimeoutMillis: number;
  /** Spans that may wait; more are dropped. Default: 2_048. */
  readonly maxQueueSize: number;
  /** Spans in a batch. Default: 512, or `maxQueueSize` if that is less. */
  readonly maxExportBatchSize: number;
}

const exporters = ["otlp", "console", "none"] as const;
const propagators = ["tracecontext", "baggage"] as const;
const samplers = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

const milliseconds = integer(1, 3_600_000);
const spans = integer(1, 1_000_000);
const ratioRule = "must be a number from 0 to 1";

// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
const variables = {
  OTEL_SDK_DISABLED: z
    .stringbool({ truthy: ["true"], falsy: ["false"], error: "must be true or false" })
    .default(false),
  OTEL_TRACES_EXPORTER: z.enum(exporters, `must be one of ${exporters.join(", ")}`).default("none"),
  OTEL_PROPAGATORS: z
    .string()
    .transform((list) => (list === "none" ? [] : list.split(",").map((name) => name.trim())))
    .pipe(z.array(z.enum(propagators, `must be none or a list of ${propagators.join(", ")}`)))
    .default([...propagators]),
  OTEL_TRACES_SAMPLER: z
    .enum(samplers, `must be one of ${samplers.join(", ")}`)
    .default("parentbased_always_on"),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(\d*\.)?\d+$/, ratioRule)
    .transform(Number)
    .refine((ratio) => ratio <= 1, ratioRule)
    .default(1),
  OTEL_BSP_SCHEDULE_DELAY: milliseconds.default(5_000),
  OTEL_BSP_EXPORT_TIMEOUT: milliseconds.default(30_000),
  OTEL_BSP_MAX_QUEUE_SIZE: spans.default(2_048),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: spans.optional(),
  // To be seen; the detectors of the resource read them.
  OTEL_RESOURCE_ATTRIBUTES: z
    .string()
    .refine(isAttributeList, "must be key=value pairs with commas between, URL-encoded")
    .optional(),
};

/** Reads `OTEL_…`. Throws a TypeError with one line for each variable that is wrong. */
export function readTelemetrySettings(environment: Environment): TelemetrySettings {
  // One that is empty counts as not set, by the specification.
  const set = Object.entries(environment)
    .map(([name, value]) => [name, value?.trim()] as const)
    .filter(([name, value]) => name.startsWith("OTEL_") && value !== undefined && value !== "");
  const given = Object.fromEntries(set);
  const { faults, attempt } = collectFaults();
  const data = attempt(() => readVariables(given, variables));
  if (given.OTEL_TRACES_EXPORTER === "otlp") {
    attempt(() => checkOtlpVariables(given));
  }
  const batches = data && attempt(() => toBatches(data));
  if (data === undefined || batches === undefined || faults.length > 0) {
    throw new TypeError(faults.join("\n"));
  }
  return {
    tracesExporter: data.OTEL_SDK_DISABLED ? "none" : data.OTEL_TRACES_EXPORTER,
    propagators: data.OTEL_PROPAGATORS,
    sampler: data.OTEL_TRACES_SAMPLER,
    samplerRatio: data.OTEL_TRACES_SAMPLER_ARG,
    batches,
  };
}

function toBatches(data: z.output<z.ZodObject<typeof variables>>): SpanBatchSettings {
  const maxQueueSize = data.OTEL_BSP_MAX_QUEUE_SIZE;
  const maxExportBatchSize = data.OTEL_BSP_MAX_EXPORT_BATCH_SIZE ?? Math.min(512, maxQueueSize);
  if (maxExportBatchSize > maxQueueSize) {
    throw new TypeError(
      `OTEL_BSP_MAX_EXPORT_BATCH_SIZE must be at most OTEL_BSP_MAX_QUEUE_SIZE, ${maxQueueSize}, got "${maxExportBatchSize}"`,
    );
  }
  return {
    scheduledDelayMillis: data.OTEL_BSP_SCHEDULE_DELAY,
    exportTimeoutMillis: data.OTEL_BSP_EXPORT_TIMEOUT,
    maxQueueSize,
    maxExportBatchSize,
  };
}

function isAttributeList(list: string): boolean {
  return list.split(",").every((pair) => {
    const [key = "", value, ...rest] = pair.split("=");
    if (pair.trim() === "") {
      return true;
    }
    try {
      return (
        rest.length === 0 &&
        value !== undefined &&
        key.trim() !== "" &&
        decodeURIComponent(key).length <= 255 &&
        decodeURIComponent(value).length <= 255
      );
    } catch {
      return false;
    }
  });
}
