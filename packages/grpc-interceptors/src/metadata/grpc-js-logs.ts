import { setLogger } from "@grpc/grpc-js";
import type { Logger } from "@grpc-kit/grpc-context";
import { redacted, redactText, toLogText } from "../log-text.ts";

type GrpcJsLogger = Parameters<typeof setLogger>[0];

/** Where the lines of grpc-js go: pino, for instance. */
export type GrpcJsLogSink = Pick<Logger, "debug" | "info" | "error">;

const maxLineBytes = 4096;

// metadata.ts of grpc-js prints what it cannot read, whole and at ERROR. Names are of the peer, too.
const unreadableEntry = /^Failed to add metadata entry ([0-9a-z_.-]{1,128})?.*$/s;

// server-interceptors.ts: the headers of a request, as JSON.
const requestHeaders = /received headers (\{.*)$/s;

// subchannel-call.ts: the headers of a response, each on a line of its own.
const responseHeader = /^(\t\t[^\s:]*|\t\t:status): .*$/gm;

/** What says nothing about anybody. */
const harmlessHeaders = new Set([
  ":status",
  "content-type",
  "date",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-status",
  "grpc-timeout",
  "te",
  "user-agent",
]);

const stderr: GrpcJsLogSink = {
  debug: (_fields, message) => writeLine("D", message),
  info: (_fields, message) => writeLine("I", message),
  error: (_fields, message) => writeLine("E", message),
};

/**
 * A logger for grpc-js's `setLogger`, which prints whatever header it cannot read, a token as well.
 * Of headers it keeps the names, of a message one line of at most 4 KiB. Default: to stderr.
 */
export function createRedactingLogger(sink: GrpcJsLogSink = stderr): GrpcJsLogger {
  const fields = { component: "grpc-js" };
  return {
    debug: (...message: unknown[]) => sink.debug(fields, toLine(message)),
    info: (...message: unknown[]) => sink.info(fields, toLine(message)),
    error: (...message: unknown[]) => sink.error(fields, toLine(message)),
  };
}

/**
 * Keeps credentials out of what grpc-js writes, in this process and from now on. Call it first of all.
 * Default: to stderr, as grpc-js does.
 */
export function redactGrpcJsLogs(sink?: GrpcJsLogSink): void {
  setLogger(createRedactingLogger(sink));
}

function toLine(message: readonly unknown[]): string {
  const withoutHeaders = message
    .map(String)
    .join(" ")
    .replace(unreadableEntry, `Failed to add metadata entry $1: ${redacted}`)
    .replace(requestHeaders, (_match, json: string) => `received headers ${namesOf(json)}`)
    .replaceAll(responseHeader, (line, name: string) =>
      harmlessHeaders.has(name.trim()) ? line : `${name}: ${redacted}`,
    );
  return toLogText(redactText(withoutHeaders), maxLineBytes);
}

function namesOf(json: string): string {
  try {
    const headers = Object.entries(JSON.parse(json) as Record<string, unknown>);
    return JSON.stringify(
      Object.fromEntries(
        headers.map(([name, values]) => [name, harmlessHeaders.has(name) ? values : redacted]),
      ),
    );
  } catch {
    return redacted;
  }
}

function writeLine(severity: string, message: string): void {
  process.stderr.write(`${severity} ${message}\n`);
}
