/** "127.0.0.1:50812", "[::1]:50812", or "unknown" for a Unix socket, which has no address. */
export function peerOf({
  remoteAddress,
  remotePort,
}: {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}): string {
  if (remoteAddress === undefined) {
    return "unknown";
  }
  return remoteAddress.includes(":")
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`;
}
