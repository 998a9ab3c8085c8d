import { type GrpcServerSettings, readServerSettings } from "@grpc-kit/grpc-server/settings";
import { z } from "zod";

/** What the service is told by its environment. */
export interface Settings {
  /** `GRPC_SERVER_…`. */
  readonly server: GrpcServerSettings;
  /** Where the items are: `sqlite:<path>`, `sqlite::memory:`. Default: "sqlite:data/item-service.db". */
  readonly databaseUrl: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const databaseUrl = z
  .string()
  .regex(/^sqlite:./, "must be sqlite:<path>")
  .default("sqlite:data/item-service.db");

/** Reads the settings. Throws a TypeError with one line for each variable that is wrong. */
export function readSettings(environment: Environment): Settings {
  const faults: string[] = [];
  let server: GrpcServerSettings | undefined;
  try {
    server = readServerSettings(withDefaults(environment));
  } catch (error) {
    faults.push((error as Error).message);
  }
  const { data, error } = databaseUrl.safeParse(environment.DATABASE_URL);
  if (error !== undefined) {
    const got = show(environment.DATABASE_URL);
    faults.push(`DATABASE_URL ${error.issues[0]?.message}, got ${got}`);
  }
  if (server === undefined || data === undefined) {
    throw new TypeError(faults.join("\n"));
  }
  return { server, databaseUrl: data };
}

/** So that it starts on a developer's machine with nothing set: one process, and no certificate. */
function withDefaults(environment: Environment): Environment {
  const isTls = Object.keys(environment).some((name) => name.startsWith("GRPC_SERVER_TLS_"));
  return {
    GRPC_SERVER_ENABLED: "true",
    GRPC_SERVER_MAX_WORKERS: "1",
    ...(isTls ? {} : { GRPC_SERVER_INSECURE: "true" }),
    ...environment,
  };
}

// Quoted, so that it stays on its line; without user and password, which the log must not have.
function show(value: string | undefined): string {
  return JSON.stringify(value?.replace(/\/\/.*@/s, "//…@"));
}
