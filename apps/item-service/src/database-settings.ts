import { join } from "node:path";
import { unknownVariables } from "@grpc-kit/grpc-server/settings";
import { z } from "zod";
import {
  collectFaults,
  type Environment,
  integer,
  readDataFolder,
  readVariables,
} from "./read-variables.ts";

/** Where the items are, and how long to wait for them. The limits are PostgreSQL's alone. */
export interface DatabaseSettings {
  /**
   * `sqlite:<path>`, `sqlite::memory:` or `postgres://<user>:<password>@<host>:<port>/<database>`.
   * Default: item-service.db in the data folder.
   */
  readonly url: string;
  /** How many connections a process has at most. Default: 10. */
  readonly poolMax: number;
  /** How long a call waits for one of them. Default: 2_000. */
  readonly poolTimeoutMs: number;
  /** How long connecting may take. Default: 5_000. */
  readonly connectTimeoutMs: number;
  /** How long a statement may take. Default: 10_000. */
  readonly statementTimeoutMs: number;
}

const milliseconds = integer(1, 3_600_000);

const variables = {
  DATABASE_URL: z
    .string()
    .regex(/^(sqlite:.|postgres(ql)?:\/\/.)/, "must be sqlite:<path> or postgres://<address>")
    .refine(isParsable, "must be a URL; in user and password, write what is special as %xx")
    .optional(),
  DATABASE_POOL_MAX: integer(1, 1_000).default(10),
  DATABASE_POOL_TIMEOUT_MS: milliseconds.default(2_000),
  DATABASE_CONNECT_TIMEOUT_MS: milliseconds.default(5_000),
  DATABASE_STATEMENT_TIMEOUT_MS: milliseconds.default(10_000),
};

/** Reads `DATABASE_…`. Throws a TypeError with one line for each variable that is wrong. */
export function readDatabaseSettings(environment: Environment): DatabaseSettings {
  const { faults, attempt } = collectFaults();
  const data = attempt(() => readVariables(environment, variables));
  const names = Object.keys(variables);
  faults.push(...unknownVariables(environment, { prefix: "DATABASE_", names }));
  if (data === undefined || faults.length > 0) {
    throw new TypeError(faults.join("\n"));
  }
  return {
    url: data.DATABASE_URL ?? `sqlite:${join(readDataFolder(environment), "item-service.db")}`,
    poolMax: data.DATABASE_POOL_MAX,
    poolTimeoutMs: data.DATABASE_POOL_TIMEOUT_MS,
    connectTimeoutMs: data.DATABASE_CONNECT_TIMEOUT_MS,
    statementTimeoutMs: data.DATABASE_STATEMENT_TIMEOUT_MS,
  };
}

function isParsable(url: string): boolean {
  return url.startsWith("sqlite:") || URL.canParse(url);
}
