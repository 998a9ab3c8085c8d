export { isReplaced } from "../replacement.ts";
export { runWorkers } from "./run-workers.ts";
export type { WorkersEvent, WorkersEventListener } from "./workers-events.ts";
export type {
  MetricsSource,
  RestartBackoffOptions,
  RunWorkersOptions,
  WorkerMain,
  WorkersMetricsOptions,
} from "./workers-options.ts";
