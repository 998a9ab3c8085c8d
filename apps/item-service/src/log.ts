import type { ServerEventListener } from "@grpc-kit/grpc-server";
import type { WorkersEventListener } from "@grpc-kit/grpc-server/workers";
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from "pino";

export interface LoggerOptions {
  /** Default: "info". */
  readonly level?: string;
  /** Takes the lines. Default: stderr, so that stdout is free for what a command prints. */
  readonly stream?: DestinationStream;
}

/** A logger that writes one line of JSON for each record. */
export function createLogger({
  level = "info",
  stream = destination({ fd: 2, sync: false }),
}: LoggerOptions = {}): Logger {
  const options = {
    level,
    // Workers share one log.
    base: { pid: process.pid },
    messageKey: "message",
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, stream);
}

/** Logs what a server tells of itself. Refusals are counted, not logged: an attack must not fill the disk. */
export function logServerEvents(logger: Logger): ServerEventListener {
  return (event) => {
    switch (event.type) {
      case "refused":
        return;
      case "phase": {
        const { phase, durationMs } = event;
        logger.info({ phase, durationMs }, "phase");
        return;
      }
      case "admin_listening":
      case "tls_reloaded": {
        const { type, ...fields } = event;
        logger.info(fields, type);
        return;
      }
      case "calls_cut":
        logger.warn({ calls: event.calls }, event.type);
        return;
      case "tls_reload_failed":
      case "cleanup_failed": {
        const { type, error, ...fields } = event;
        logger.error({ ...fields, err: error }, type);
      }
    }
  };
}

/** Logs what becomes of worker processes. */
export function logWorkersEvents(logger: Logger): WorkersEventListener {
  return (event) => {
    const { type, ...rest }: { readonly type: string; pid?: number; error?: unknown } = event;
    const { pid: worker, error: err, ...fields } = rest;
    const isTrouble =
      err !== undefined ||
      event.type === "worker_killed" ||
      (event.type === "worker_exited" && !event.expected);
    logger[isTrouble ? "error" : "info"]({ worker, err, ...fields }, type);
  };
}
