import { z } from "zod";

/** What the service is told by its environment. */
export interface Settings {
  /** The address to listen on. Default: "0.0.0.0". */
  readonly grpcServerHost: string;
  /** The port to listen on; 0 is any that is free. Default: 50051. */
  readonly grpcServerPort: number;
  /** Where the items are: `sqlite:<path>`, `sqlite::memory:`. Default: "sqlite:data/item-service.db". */
  readonly databaseUrl: string;
}

const environmentSchema = z.object({
  GRPC_SERVER_HOST: z
    .string()
    .regex(/^\S+$/, "must be a host name or an IP address")
    .default("0.0.0.0"),
  GRPC_SERVER_PORT: z
    .string()
    .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, {
      error: "must be an integer from 0 to 65535",
    })
    .default("50051"),
  DATABASE_URL: z
    .string()
    .regex(/^sqlite:./, "must be sqlite:<path>")
    .default("sqlite:data/item-service.db"),
});

/** Reads the settings. Throws a TypeError with one line for each variable that is wrong. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const { data, error } = environmentSchema.safeParse(environment);
  if (error !== undefined) {
    throw new TypeError(
      error.issues
        .map(
          ({ path: [name], message }) =>
            `${String(name)} ${message}, got ${show(environment[String(name)])}`,
        )
        .join("\n"),
    );
  }
  return {
    grpcServerHost: data.GRPC_SERVER_HOST,
    grpcServerPort: Number(data.GRPC_SERVER_PORT),
    databaseUrl: data.DATABASE_URL,
  };
}

// Quoted, so that it stays on its line; without user and password, which the log must not have.
function show(value: string | undefined): string {
  return JSON.stringify(value?.replace(/\/\/.*@/s, "//…@"));
}
