import { join } from "node:path";
import type { TlsOptions } from "@grpc-kit/grpc-client";
import { type GrpcClientSettings, readClientSettings } from "@grpc-kit/grpc-client/settings";
import {
  type GrpcServerSettings,
  readServerSettings,
  unknownVariables,
} from "@grpc-kit/grpc-server/settings";
import {
  type AuthSettings,
  collectFaults,
  type DevelopmentAuth,
  developmentAuth,
  type Environment,
  integer,
  readAuthSettings,
  readTelemetrySettings,
  readVariables,
  type TelemetrySettings,
} from "@grpc-kit/item-service/shared";
import { z } from "zod";

/** What the service is told by its environment. */
export interface Settings extends OwnSettings {
  /** `GRPC_SERVER_…`. */
  readonly server: GrpcServerSettings;
  /** `GRPC_CLIENT_…`. */
  readonly client: GrpcClientSettings;
  /** Who may call, `AUTH_…`. Default: outside of production, who has a token of the data folder's keys. */
  readonly auth: AuthSettings;
  /** `OTEL_…`. */
  readonly telemetry: TelemetrySettings;
}

interface OwnSettings {
  /** The warehouse's count. Default: "stock.jsonl" in DATA_DIR. */
  readonly stockFile: string;
  /** How often the file is looked at, besides being watched. Default: 5_000. */
  readonly stockPollMs: number;
  /** The most that applying the file may take. Default: 600_000. */
  readonly syncTimeoutMs: number;
  readonly itemService: {
    /** Default: "127.0.0.1:50051". */
    readonly address: string;
    /** Default: "insecure" outside of production, else with the authorities that Node.js knows. */
    readonly tls: TlsOptions | "insecure";
    /** Somebody has said that there is no TLS, as in a mesh: tokens may go to another machine. */
    readonly allowPlaintextTokens: boolean;
    /** Where a token is. Undefined outside of production: one is made with the keys of development. */
    readonly tokenFile: string | undefined;
    /** Those keys: the item service's, where it has the same DATA_DIR. */
    readonly developmentAuth: DevelopmentAuth;
  };
  /** Where the admin port is. Default: "127.0.0.1". */
  readonly adminHost: string;
  /** Default: 9465. */
  readonly adminPort: number;
  /** Default: "info". */
  readonly logLevel: (typeof logLevels)[number];
}

const environments = ["development", "production", "test"] as const;
const logLevels = ["debug", "info", "warn", "error"] as const;

const path = z.string().min(1, "must be a path");
const host = z.string().min(1, "must be a host name or an IP address");

const variables = {
  // A value that is misspelt must not open the service to development's keys.
  NODE_ENV: z
    .enum(environments, `must be one of ${environments.join(", ")}`)
    .default("development"),
  DATA_DIR: path.default("data"),
  STOCK_FILE: path.optional(),
  STOCK_POLL_MS: integer(10, 3_600_000).default(5_000),
  SYNC_TIMEOUT_MS: integer(1, 86_400_000).default(600_000),
  ITEM_SERVICE_ADDRESS: z.string().min(1, "must be a target of gRPC").default("127.0.0.1:50051"),
  ITEM_SERVICE_INSECURE: z
    .stringbool({ truthy: ["true"], falsy: ["false"], error: "must be true or false" })
    .optional(),
  ITEM_SERVICE_TLS_CA_FILE: path.optional(),
  ITEM_SERVICE_TOKEN_FILE: path.optional(),
  ADMIN_HOST: host.default("127.0.0.1"),
  ADMIN_PORT: integer(0, 65_535).default(9_465),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(", ")}`).default("info"),
};

/** Reads the settings. Throws a TypeError with one line for each variable that is wrong. */
export function readSettings(environment: Environment): Settings {
  const { faults, attempt } = collectFaults();
  const own = attempt(() => readOwn(environment));
  const server = attempt(() => readServer(environment));
  const client = attempt(() => readClientSettings(environment));
  const auth = attempt(() => readAuthSettings(environment));
  const telemetry = attempt(() => readTelemetrySettings(environment));
  for (const prefix of ["STOCK_", "ITEM_SERVICE_"]) {
    faults.push(...unknownVariables(environment, { prefix, names: Object.keys(variables) }));
  }
  if (!(own && server && client && auth && telemetry) || faults.length > 0) {
    throw new TypeError(faults.join("\n"));
  }
  return { ...own, server, client, auth, telemetry };
}

function readOwn(environment: Environment): OwnSettings {
  const data = readVariables(environment, variables);
  const isProduction = data.NODE_ENV === "production";
  const isInsecure = data.ITEM_SERVICE_INSECURE ?? !isProduction;
  const caFile = data.ITEM_SERVICE_TLS_CA_FILE;
  const faults: string[] = [];
  if (data.ITEM_SERVICE_INSECURE === true && caFile !== undefined) {
    faults.push("ITEM_SERVICE_INSECURE must not be true with ITEM_SERVICE_TLS_CA_FILE");
  }
  if (isProduction && data.ITEM_SERVICE_TOKEN_FILE === undefined) {
    faults.push("ITEM_SERVICE_TOKEN_FILE must be set when NODE_ENV is production, got none");
  }
  if (faults.length > 0) {
    throw new TypeError(faults.join("\n"));
  }
  return {
    stockFile: data.STOCK_FILE ?? join(data.DATA_DIR, "stock.jsonl"),
    stockPollMs: data.STOCK_POLL_MS,
    syncTimeoutMs: data.SYNC_TIMEOUT_MS,
    itemService: {
      address: data.ITEM_SERVICE_ADDRESS,
      tls: caFile !== undefined ? { caFile } : isInsecure ? "insecure" : {},
      allowPlaintextTokens: data.ITEM_SERVICE_INSECURE === true,
      tokenFile: data.ITEM_SERVICE_TOKEN_FILE,
      developmentAuth: developmentAuth(data.DATA_DIR),
    },
    adminHost: data.ADMIN_HOST,
    adminPort: data.ADMIN_PORT,
    logLevel: data.LOG_LEVEL,
  };
}

/** Beside an item service on a developer's machine it starts with nothing set. */
function readServer(environment: Environment): GrpcServerSettings {
  const isTls = Object.keys(environment).some((name) => name.startsWith("GRPC_SERVER_TLS_"));
  const isProduction = environment.NODE_ENV === "production";
  const server = readServerSettings({
    GRPC_SERVER_ENABLED: "true",
    GRPC_SERVER_MAX_WORKERS: "1",
    GRPC_SERVER_PORT: "50052",
    ...(isProduction && { GRPC_SERVER_REFLECTION_ENABLED: "false" }),
    // Tokens can be read on their way: in production somebody must have said that this is meant.
    ...(!isTls && !isProduction && { GRPC_SERVER_INSECURE: "true" }),
    ...environment,
  });
  if (server.maxWorkers !== 1) {
    // Each of them would apply the file.
    throw new TypeError(`GRPC_SERVER_MAX_WORKERS must be 1, got "${server.maxWorkers}"`);
  }
  return server;
}
