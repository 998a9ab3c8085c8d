export type { DependencyCheck, DependencyCheckOptions } from "./check-options.ts";
export type { DependencyState } from "./dependency.ts";
export { type HealthHandlers, healthMethods } from "./health-handlers.ts";
export type { HealthOptions } from "./health-options.ts";
export type { HealthReportHandlers } from "./health-report.ts";
export { createHealthService, type Health } from "./health-service.ts";
export type { ServingStatus, WatchedStatus } from "./serving-status.ts";
export type { DependencyChange, ServiceChange, StatusChange } from "./status-change.ts";
