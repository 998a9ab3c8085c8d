import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type ChannelCredentials, type ClientOptions, credentials } from "@grpc/grpc-js";

/** What --help prints. */
export function usageOf(command: string, defaultAddress?: string): string {
  const [address, note] =
    defaultAddress === undefined
      ? ["<address>", ""]
      : ["[address]", ` Default: ${defaultAddress}.`];
  return `Usage: ${command} ${address} [service] [options]

Asks a gRPC server for the health of a service, or of the whole server if none is named.
The address is host:port or unix:/path/to/socket.${note}

  --timeout-ms <ms>       time for connecting and the answer (default: 1000)
  --tls                   encrypt, and check the server by the well-known authorities
  --ca <file>             check the server by these certificates instead (PEM)
  --cert <file>           certificate of this client (PEM), with --key
  --key <file>            private key of this client (PEM), with --cert
  --server-name <name>    name that the server's certificate must have; needed with an IP address
  --help                  print this

Exit status: 0 SERVING, 1 wrong arguments, 2 no connection, 3 the call failed or took too long,
4 not SERVING.
`;
}

export interface ProbeOptions {
  readonly address: string;
  readonly service: string;
  readonly timeoutMs: number;
  readonly channelCredentials: ChannelCredentials;
  readonly clientOptions: ClientOptions;
}

/** What to ask whom; "help" if that is asked for. Throws an Error whose message tells what is wrong. */
export function parseProbeOptions(
  args: readonly string[],
  defaultAddress = "",
): ProbeOptions | "help" {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      "timeout-ms": { type: "string", default: "1000" },
      tls: { type: "boolean", default: false },
      ca: { type: "string" },
      cert: { type: "string" },
      key: { type: "string" },
      "server-name": { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    return "help";
  }
  const [address = defaultAddress, service = "", ...rest] = positionals;
  if (address === "" || rest.length > 0) {
    throw new Error("name one address and at most one service");
  }
  const timeoutMs = Number(values["timeout-ms"]);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 86_400_000) {
    throw new Error(
      `--timeout-ms must be an integer from 1 to 86400000, got ${values["timeout-ms"]}`,
    );
  }
  const { ca, cert, key, "server-name": serverName } = values;
  const needsTls = [ca, cert, key, serverName].some((value) => value !== undefined);
  if (needsTls && !values.tls) {
    throw new Error("--ca, --cert, --key and --server-name need --tls");
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new Error("--cert and --key must be given together");
  }
  const channelCredentials = values.tls
    ? credentials.createSsl(read("--ca", ca), read("--key", key), read("--cert", cert))
    : credentials.createInsecure();
  const clientOptions = {
    // A probe asks the server beside it; http_proxy is meant for other calls of its container.
    "grpc.enable_http_proxy": 0,
    ...(serverName !== undefined && { "grpc.ssl_target_name_override": serverName }),
  };
  return { address, service, timeoutMs, channelCredentials, clientOptions };
}

function read(option: string, file: string | undefined): Buffer | null {
  if (file === undefined) {
    return null;
  }
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Error(`${option} must be a file that can be read: ${(error as Error).message}`);
  }
}
