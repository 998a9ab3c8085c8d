// What the services of this repository have in common: stock-watcher takes it from here.
export { signDevelopmentToken } from "./auth/development-keys.ts";
export { createItemVerifier } from "./auth/item-verifier.ts";
export {
  type AuthSettings,
  type DevelopmentAuth,
  developmentAuth,
  readAuthSettings,
} from "./auth-settings.ts";
export { endOnSignalsAsFirstProcess } from "./end-on-signals.ts";
export { createLogger, logServerEvents } from "./log.ts";
export { addHealthGauges, type HealthGauges } from "./operator-metrics.ts";
export { collectFaults, type Environment, integer, readVariables } from "./read-variables.ts";
export { startTelemetry, type Telemetry } from "./telemetry.ts";
export { readTelemetrySettings, type TelemetrySettings } from "./telemetry-settings.ts";
