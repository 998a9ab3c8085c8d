import type { Environment } from "./read-variables.ts";
import type { Settings } from "./settings.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** All settings in effect, for the log: without passwords, keys and the headers for the collector. */
export function toSettingsRecord(
  settings: Settings,
  environment: Environment,
): Readonly<Record<string, unknown>> {
  // The exporter reads these itself.
  const collector = Object.entries(environment)
    .filter(([name, value]) => name.startsWith("OTEL_EXPORTER_") && value !== undefined)
    .map(([name, value]) => [name, name.endsWith("_HEADERS") ? "…" : value]);
  const all = { ...settings, collector: Object.fromEntries(collector) };
  return JSON.parse(JSON.stringify(all), (_name, value) =>
    typeof value === "string" ? withoutSecrets(value) : value,
  );
}
