import {
  type GrpcServerSettings,
  readServerSettings,
  unknownVariables,
} from "@grpc-kit/grpc-server/settings";
import { z } from "zod";
import { type AuthSettings, readAuthSettings } from "./auth-settings.ts";
import { type DatabaseSettings, readDatabaseSettings } from "./database-settings.ts";
import {
  collectFaults,
  dataFolderRule,
  type Environment,
  integer,
  readVariables,
} from "./read-variables.ts";
import { readTelemetrySettings, type TelemetrySettings } from "./telemetry-settings.ts";

/** What the service is told by its environment. */
export interface Settings extends OwnSettings {
  /** `GRPC_SERVER_…`. */
  readonly server: GrpcServerSettings;
  /** Who may call, `AUTH_…`. Default: outside of production, who has a token of the data folder's keys. */
  readonly auth: AuthSettings;
  /** `DATABASE_…`. */
  readonly database: DatabaseSettings;
  /** `OTEL_…`. */
  readonly telemetry: TelemetrySettings;
}

interface OwnSettings {
  /** "production" if NODE_ENV is. Default: "development". */
  readonly environment: "development" | "production";
  /** Where the service keeps files of its own. Default: "data". */
  readonly dataFolder: string;
  /** Where the admin port is. Default: "127.0.0.1". */
  readonly adminHost: string;
  /** Default: 9464. */
  readonly adminPort: number;
  /** Default: "info". */
  readonly logLevel: (typeof logLevels)[number];
}

const environments = ["development", "production", "test"] as const;
const logLevels = ["debug", "info", "warn", "error"] as const;

const variables = {
  // A value that is misspelt must not open the service to development's keys.
  NODE_ENV: z
    .enum(environments, `must be one of ${environments.join(", ")}`)
    .default("development"),
  DATA_DIR: dataFolderRule,
  ADMIN_HOST: z.string().min(1, "must be a host name or an IP address").default("127.0.0.1"),
  ADMIN_PORT: integer(0, 65_535).default(9_464),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(", ")}`).default("info"),
};

const adminNames = { prefix: "ADMIN_", names: ["ADMIN_HOST", "ADMIN_PORT"] };

/** Reads the settings. Throws a TypeError with one line for each variable that is wrong. */
export function readSettings(environment: Environment): Settings {
  const { faults, attempt } = collectFaults();
  const own = attempt(() => readOwn(environment));
  const server = attempt(() => readServerSettings(withDefaults(environment)));
  const auth = attempt(() => readAuthSettings(environment));
  const database = attempt(() => readDatabaseSettings(environment));
  const telemetry = attempt(() => readTelemetrySettings(environment));
  faults.push(...unknownVariables(environment, adminNames));
  if (database?.url === "sqlite::memory:" && server !== undefined && server.maxWorkers > 1) {
    // Each would have items of its own.
    faults.push(`GRPC_SERVER_MAX_WORKERS must be 1 with sqlite::memory:, got ${server.maxWorkers}`);
  }
  if (!(own && server && auth && database && telemetry) || faults.length > 0) {
    // Several read DATA_DIR.
    throw new TypeError([...new Set(faults)].join("\n"));
  }
  return { ...own, server, auth, database, telemetry };
}

function readOwn(environment: Environment): OwnSettings {
  const data = readVariables(environment, variables);
  return {
    environment: data.NODE_ENV === "production" ? "production" : "development",
    dataFolder: data.DATA_DIR,
    adminHost: data.ADMIN_HOST,
    adminPort: data.ADMIN_PORT,
    logLevel: data.LOG_LEVEL,
  };
}

/** So that it starts on a developer's machine with nothing set: one process, and no certificate. */
function withDefaults(environment: Environment): Environment {
  const isTls = Object.keys(environment).some((name) => name.startsWith("GRPC_SERVER_TLS_"));
  const isProduction = environment.NODE_ENV === "production";
  return {
    GRPC_SERVER_ENABLED: "true",
    GRPC_SERVER_MAX_WORKERS: "1",
    // It tells the names of all that can be asked: https://grpc.io/docs/guides/reflection/
    ...(isProduction && { GRPC_SERVER_REFLECTION_ENABLED: "false" }),
    // Tokens can be read on their way: in production somebody must have said that this is meant.
    ...(!isTls && !isProduction && { GRPC_SERVER_INSECURE: "true" }),
    ...environment,
  };
}
