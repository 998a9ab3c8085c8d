import { inspect } from "node:util";
import type { ServerEventListener } from "@grpc-kit/grpc-server";

export type Level = "info" | "warn" | "error";

export type Log = (
  level: Level,
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

/** Writes one line of JSON to stderr. */
export const logToStderr: Log = (level, message, { error, ...fields }) => {
  const time = new Date().toISOString();
  const shown = error === undefined ? {} : { error: inspect(error) };
  process.stderr.write(`${JSON.stringify({ time, level, message, ...fields, ...shown })}\n`);
};

/** Logs what a server tells of itself. Refusals are counted, not logged: an attack must not fill the disk. */
export function logServerEvents(log: Log): ServerEventListener {
  return ({ type, ...fields }) => {
    switch (type) {
      case "refused":
        return;
      case "phase":
      case "admin_listening":
      case "tls_reloaded":
        log("info", type, fields);
        return;
      case "calls_cut":
        log("warn", type, fields);
        return;
      case "tls_reload_failed":
      case "cleanup_failed":
        log("error", type, fields);
    }
  };
}
