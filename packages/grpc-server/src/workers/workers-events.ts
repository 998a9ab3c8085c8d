import { inspect } from "node:util";

/** What the first process tells of its workers. */
export type WorkersEvent =
  | { readonly type: "metrics_listening"; readonly host: string; readonly port: number }
  | { readonly type: "worker_started"; readonly pid: number }
  | { readonly type: "worker_ready"; readonly pid: number }
  /** `expected` says that the worker had been told to stop; one that had not is replaced. */
  | {
      readonly type: "worker_exited";
      readonly pid: number;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      readonly expected: boolean;
    }
  /** The system has no process to give. */
  | { readonly type: "worker_not_started"; readonly error: unknown }
  /** It was not ready after `readyTimeoutMs`, or not gone after `stopTimeoutMs`. */
  | {
      readonly type: "worker_killed";
      readonly pid: number;
      readonly reason: "not_ready" | "not_stopped";
    }
  /** A crashed worker is replaced after `delayMs`; `failures` counts those in a row. */
  | { readonly type: "worker_replaced"; readonly delayMs: number; readonly failures: number }
  | { readonly type: "restart_started" }
  | { readonly type: "restart_finished" }
  /** A new worker did not become ready. The ones that were not replaced yet go on. */
  | { readonly type: "restart_failed"; readonly error: unknown }
  | { readonly type: "stop_started"; readonly signal: NodeJS.Signals }
  /** `runWorkers` rejects with this error when the last worker has gone. */
  | { readonly type: "gave_up"; readonly error: unknown }
  /** A worker could not tell its metrics, or they do not fit those of the others. */
  | { readonly type: "metrics_failed"; readonly error: unknown };

export type WorkersEventListener = (event: WorkersEvent) => void;

/** The default listener: writes to stderr what somebody should look into. */
export function reportTrouble(event: WorkersEvent): void {
  const text = describeTrouble(event);
  if (text !== undefined) {
    process.stderr.write(`workers: ${text}\n`);
  }
}

function describeTrouble(event: WorkersEvent): string | undefined {
  switch (event.type) {
    case "worker_exited":
      return event.expected
        ? undefined
        : `${event.pid} ended by itself (${event.signal ?? `code ${event.code}`})`;
    case "worker_not_started":
      return `one could not be started: ${inspect(event.error)}`;
    case "worker_killed":
      return event.reason === "not_ready"
        ? `${event.pid} was killed: it did not become ready`
        : `${event.pid} was killed: it did not stop`;
    case "restart_failed":
      return `the rolling restart has stopped: ${inspect(event.error)}`;
    case "gave_up":
      return `giving up: ${inspect(event.error)}`;
    case "metrics_failed":
      return `no metrics: ${inspect(event.error)}`;
    default:
      return undefined;
  }
}

/** The listener, made safe: a log that fails must not end the process that keeps the others up. */
export function guardListener(listener: WorkersEventListener): WorkersEventListener {
  return (event) => {
    const report = async (): Promise<void> => listener(event);
    report().catch((thrown: unknown) => {
      process.stderr.write(`workers: onEvent has thrown on ${event.type}: ${inspect(thrown)}\n`);
    });
  };
}
