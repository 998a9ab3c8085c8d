import { type Logger, loggerKey } from "@grpc-kit/grpc-context";
import { writeLine } from "../log-line.ts";
import { toLoggedError } from "../logged-error.ts";
import { reportToStderr } from "../report.ts";
import type { InterceptedCall } from "./call-hook.ts";

/** A failure that its caller is not told everything of. */
export interface HiddenFailure {
  /** What was thrown; where only grpc-js has seen it, an Error with the text that it made of it. */
  readonly error: unknown;
  /** What the caller got instead of the cause. */
  readonly errorId: string;
  readonly call: Pick<InterceptedCall, "method" | "values">;
}

/** Logs the failure by the logger of the call; if it has none, to stderr. */
export function logHiddenFailure({ error, errorId, call }: HiddenFailure): void {
  const logger = call.values.get(loggerKey);
  if (logger === undefined) {
    reportToStderr(`${call.method.path} failed, error id ${errorId}`, error);
  } else {
    logFailure(logger, { path: call.method.path, error, errorId });
  }
}

/** The line that has what a caller is not told. */
export function logFailure(
  logger: Logger,
  failure: { readonly path: string; readonly error: unknown; readonly errorId: string | undefined },
): void {
  const err = toLoggedError(failure.error, { stack: true });
  const fields = { "grpc.path": failure.path, error_id: failure.errorId, err };
  writeLine(logger, "error", fields, "a failure is hidden from its caller");
}
