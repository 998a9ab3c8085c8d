import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readTelemetrySettings } from "./telemetry-settings.ts";

const thisFile = fileURLToPath(import.meta.url);

/** The lines of what is thrown. */
function faultsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readTelemetrySettings(environment);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as Error).message.split("\n");
  }
}

const otlp = { OTEL_TRACES_EXPORTER: "otlp" };

describe("readTelemetrySettings", () => {
  it("has the defaults of the specification, but that spans go nowhere", () => {
    const defaults = {
      tracesExporter: "none",
      propagators: ["tracecontext", "baggage"],
      sampler: "parentbased_always_on",
      samplerRatio: 1,
      batches: {
        scheduledDelayMillis: 5_000,
        exportTimeoutMillis: 30_000,
        maxQueueSize: 2_048,
        maxExportBatchSize: 512,
      },
    };
    expect(readTelemetrySettings({})).toEqual(defaults);
    const empty = { OTEL_TRACES_EXPORTER: "", OTEL_TRACES_SAMPLER_ARG: " ", OTEL_PROPAGATORS: "" };
    expect(readTelemetrySettings(empty)).toEqual(defaults);
  });

  it("reads what is set", () => {
    const settings = readTelemetrySettings({
      OTEL_TRACES_EXPORTER: "console",
      OTEL_PROPAGATORS: "tracecontext",
      OTEL_TRACES_SAMPLER: "traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0.25",
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_BSP_EXPORT_TIMEOUT: "200",
      OTEL_BSP_MAX_QUEUE_SIZE: "300",
    });
    expect(settings).toEqual({
      tracesExporter: "console",
      propagators: ["tracecontext"],
      sampler: "traceidratio",
      samplerRatio: 0.25,
      batches: {
        scheduledDelayMillis: 100,
        exportTimeoutMillis: 200,
        maxQueueSize: 300,
        maxExportBatchSize: 300,
      },
    });
  });

  it("propagates still when it is disabled, and nothing for none", () => {
    const disabled = readTelemetrySettings({ ...otlp, OTEL_SDK_DISABLED: "TRUE" });
    expect(disabled).toMatchObject({
      tracesExporter: "none",
      propagators: ["tracecontext", "baggage"],
    });
    expect(readTelemetrySettings({ OTEL_PROPAGATORS: "none" }).propagators).toEqual([]);
  });

  it("names all that is wrong", () => {
    const wrong = {
      OTEL_TRACES_EXPORTER: "zipkin",
      OTEL_SDK_DISABLED: "1",
      OTEL_PROPAGATORS: "tracecontext,b3",
      OTEL_TRACES_SAMPLER: "often",
      OTEL_TRACES_SAMPLER_ARG: "1.5",
      OTEL_BSP_SCHEDULE_DELAY: "0",
      OTEL_RESOURCE_ATTRIBUTES: "a=b=c",
    };
    const faults = faultsOf(wrong);
    expect(faults.map((line) => line.split(" ")[0]).sort()).toEqual(Object.keys(wrong).sort());
    expect(faults).toContain(
      'OTEL_TRACES_EXPORTER must be one of otlp, console, none, got "zipkin"',
    );
    expect(faults).toContain('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, got "1.5"');
  });

  it("takes no batch that is larger than the queue", () => {
    const larger = { OTEL_BSP_MAX_QUEUE_SIZE: "10", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "11" };
    expect(faultsOf(larger)).toEqual([
      'OTEL_BSP_MAX_EXPORT_BATCH_SIZE must be at most OTEL_BSP_MAX_QUEUE_SIZE, 10, got "11"',
    ]);
  });

  it.each(["a=b", "a=b,", "a=%2C%3D, c=d"])("takes %j for attributes", (list) => {
    expect(faultsOf({ OTEL_RESOURCE_ATTRIBUTES: list })).toEqual([]);
  });

  it.each(["a", "=b", "a=%", `a=${"b".repeat(256)}`])("takes no %j for attributes", (list) => {
    expect(faultsOf({ OTEL_RESOURCE_ATTRIBUTES: list })).toHaveLength(1);
  });
});

describe("the variables of OTLP", () => {
  it.each(["http://collector:4317", "https://collector", "collector:4317", "HTTP://[::1]:4317/"])(
    "take %s for an endpoint",
    (endpoint) => {
      expect(faultsOf({ ...otlp, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).toEqual([]);
    },
  );

  it.each([
    ["PROTOCOL", "http/protobuf"],
    ["ENDPOINT", "ftp://collector"],
    ["ENDPOINT", "http://"],
    ["TIMEOUT", "10s"],
    ["COMPRESSION", "brotli"],
    ["INSECURE", "yes"],
    ["CERTIFICATE", "/nowhere/ca.pem"],
    ["HEADERS", "authorization"],
    ["HEADERS", "sp ace=x"],
    ["HEADERS", "a=line%0Abreak"],
    ["HEADERS", "trace-bin=x"],
  ])("take no %s of %s, of all signals or of traces", (name, value) => {
    for (const prefix of ["OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"]) {
      const wrong = { [prefix + name]: value };
      expect(faultsOf({ ...otlp, ...wrong })).toEqual([
        expect.stringContaining(`${prefix}${name} must be `),
      ]);
      // Where nothing is sent they mean nothing, and platforms set them for all.
      expect(faultsOf(wrong)).toEqual([]);
    }
  });

  it("take a client's certificate and its key together only", () => {
    const one = { ...otlp, OTEL_EXPORTER_OTLP_CLIENT_KEY: thisFile };
    expect(faultsOf(one)).toEqual([
      "OTEL_EXPORTER_OTLP_CLIENT_KEY and OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE must be set together, got one of them",
    ]);
    const both = { ...one, OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: thisFile };
    expect(faultsOf(both)).toEqual([]);
  });

  it("tell no secrets", () => {
    const faults = faultsOf({
      ...otlp,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer s3cret,s3cret",
      OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://user:s3cret@collector",
    });
    expect(faults).toHaveLength(2);
    expect(faults.join()).not.toContain("s3cret");
  });
});
