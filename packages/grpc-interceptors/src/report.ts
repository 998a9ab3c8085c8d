import { toLoggedError } from "./logged-error.ts";

/** The last resort for an error that nobody else takes: one line on stderr, without its properties. */
export function reportToStderr(what: string, error: unknown): void {
  const { stack = "" } = toLoggedError(error, { stack: true });
  process.stderr.write(`${what}: ${JSON.stringify(stack)}\n`);
}
