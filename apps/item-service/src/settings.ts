import { type GrpcServerSettings, readServerSettings } from "@grpc-kit/grpc-server/settings";
import { z } from "zod";
import { type AuthSettings, readAuthSettings } from "./auth-settings.ts";

/** What the service is told by its environment. */
export interface Settings {
  /** `GRPC_SERVER_…`. */
  readonly server: GrpcServerSettings;
  /** Who may call, `AUTH_…`. Undefined: anybody. */
  readonly auth: AuthSettings | undefined;
  /** Where the items are: `sqlite:<path>`, `sqlite::memory:`. Default: "sqlite:data/item-service.db". */
  readonly databaseUrl: string;
  /** Where `/metrics` is served. Default: "127.0.0.1". */
  readonly adminHost: string;
  /** Default: 9464. */
  readonly adminPort: number;
  /** Default: "info". */
  readonly logLevel: (typeof logLevels)[number];
  /** Where spans go. Default: "none". */
  readonly tracesExporter: "console" | "none";
}

export type Environment = Readonly<Record<string, string | undefined>>;

const logLevels = ["debug", "info", "warn", "error"] as const;
const portRule = "must be an integer from 0 to 65535";

const variables = {
  DATABASE_URL: z
    .string()
    .regex(/^sqlite:./, "must be sqlite:<path>")
    .default("sqlite:data/item-service.db"),
  ADMIN_HOST: z.string().min(1, "must be a host name or an IP address").default("127.0.0.1"),
  ADMIN_PORT: z
    .string()
    .regex(/^\d{1,5}$/, portRule)
    .transform(Number)
    .refine((port) => port <= 65_535, portRule)
    .default(9_464),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(", ")}`).default("info"),
  // https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
  OTEL_TRACES_EXPORTER: z.enum(["console", "none"], "must be one of console, none").default("none"),
};

/** Reads the settings. Throws a TypeError with one line for each variable that is wrong. */
export function readSettings(environment: Environment): Settings {
  const faults: string[] = [];
  const attempt = <Result>(read: () => Result): Result | undefined => {
    try {
      return read();
    } catch (error) {
      faults.push((error as Error).message);
      return undefined;
    }
  };
  const server = attempt(() => readServerSettings(withDefaults(environment)));
  const auth = attempt(() => readAuthSettings(environment));
  const own = attempt(() => readOwn(environment));
  if (server === undefined || own === undefined || faults.length > 0) {
    throw new TypeError(faults.join("\n"));
  }
  return { server, auth, ...own };
}

function readOwn(environment: Environment): Omit<Settings, "server" | "auth"> {
  const { data, error } = z.object(variables).safeParse(environment);
  if (error !== undefined) {
    const faults = error.issues.map(({ path: [name], message }) => {
      return `${String(name)} ${message}, got ${show(environment[String(name)])}`;
    });
    throw new TypeError(faults.join("\n"));
  }
  return {
    databaseUrl: data.DATABASE_URL,
    adminHost: data.ADMIN_HOST,
    adminPort: data.ADMIN_PORT,
    logLevel: data.LOG_LEVEL,
    tracesExporter: data.OTEL_TRACES_EXPORTER,
  };
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
