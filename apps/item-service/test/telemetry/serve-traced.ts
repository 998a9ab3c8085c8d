import { tracing } from "@grpc-kit/grpc-interceptors/server/tracing";
import { onTestFinished, vi } from "vitest";
import { createLogger } from "../../src/log.ts";
import { startTelemetry, type Telemetry } from "../../src/telemetry.ts";
import { readTelemetrySettings } from "../../src/telemetry-settings.ts";
import {
  type FixtureHandlers,
  type Line,
  type StandardFixture,
  serveStandard,
} from "../interceptors/serve-standard.ts";

export interface TracedFixture extends StandardFixture {
  readonly telemetry: Telemetry;
  /** What telemetry has logged. */
  readonly telemetryLines: readonly Line[];
}

/** Serves the fixture service with its spans exported as the environment says. */
export async function serveTraced(
  environment: Readonly<Record<string, string>>,
  handlers: Partial<FixtureHandlers> = {},
): Promise<TracedFixture> {
  // The exporter and the detectors read it from the process.
  for (const [name, value] of Object.entries(environment)) {
    vi.stubEnv(name, value);
  }
  const telemetryLines: Line[] = [];
  const logger = createLogger({
    stream: { write: (line) => telemetryLines.push(JSON.parse(line)) },
  });
  const telemetry = startTelemetry(readTelemetrySettings(environment), { logger });
  onTestFinished(() => telemetry.close());
  const fixture = await serveStandard(handlers, { tracing: tracing() });
  return { ...fixture, telemetry, telemetryLines };
}
