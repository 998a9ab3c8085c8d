import { runProbe } from "@grpc-kit/grpc-health/probe";

/** `item-service probe [address] [service]`: the exit code tells how a server is. */
export async function probe(args: readonly string[]): Promise<void> {
  process.exitCode = await runProbe(args, {
    command: "item-service probe",
    defaultAddress: ownAddress(process.env),
  });
}

// Read without checks: a probe that asks the wrong one says so.
function ownAddress({
  GRPC_SERVER_SOCKET_PATH: path,
  GRPC_SERVER_HOST: host = "0.0.0.0",
  GRPC_SERVER_PORT: port = "50051",
}: NodeJS.ProcessEnv): string {
  if (path !== undefined) {
    return `unix:${path}`;
  }
  // Who listens on all addresses listens on this one.
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}
