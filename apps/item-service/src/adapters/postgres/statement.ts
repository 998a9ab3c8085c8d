import type { QueryConfig } from "pg";

/** Makes a query of the values of its parameters. */
export type Statement = (...values: unknown[]) => QueryConfig<unknown[]>;

/**
 * A statement that each connection prepares once, under `name`: the server then plans it once, too.
 * `text` must always be the same for a name.
 */
export function statement(name: string, text: string): Statement {
  return (...values) => ({ name, text, values });
}
