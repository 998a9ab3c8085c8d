import { inspect } from "node:util";

/** The last resort for an error that nobody else takes: one line on stderr. */
export function reportToStderr(what: string, error: unknown): void {
  process.stderr.write(`${what}: ${JSON.stringify(inspect(error))}\n`);
}
