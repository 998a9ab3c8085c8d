import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";

/** "127.0.0.1:50812", "[::1]:50812", or "unknown" for a Unix socket, which has no address. */
export function peerOf({
  remoteAddress,
  remotePort,
}: ReturnType<ServerInterceptingCallInterface["getConnectionInfo"]>): string {
  if (remoteAddress === undefined) {
    return "unknown";
  }
  return remoteAddress.includes(":")
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`;
}
