export { addServerMetrics } from "./server-metrics.ts";
export {
  type AdminPort,
  type AdminPortOptions,
  type AdminRegistry,
  startAdminPort,
} from "./start-admin-port.ts";
export type {
  CircuitSnapshot,
  DependencySnapshot,
  StatusSnapshot,
  WorkerPoolSnapshot,
  WorkerSnapshot,
} from "./status-snapshot.ts";
export type {
  CodeSnapshot,
  LatencySnapshot,
  MethodSnapshot,
  TrafficSnapshot,
} from "./traffic-history.ts";
