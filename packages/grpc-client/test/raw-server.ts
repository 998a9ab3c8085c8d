import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface RawServer {
  readonly port: number;
  readonly target: string;
  /** Those that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** How many there have been. */
  readonly connections: number;
  /** Frees the port. */
  stop(): void;
}

/** A server of TCP until the test ends. Default: it says nothing. */
export async function startRawServer(
  onSocket: (socket: Socket) => void = (socket) => socket.resume(),
  port = 0,
): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    onSocket(socket);
  });
  await once(server.listen(port, "127.0.0.1"), "listening");
  const { port: bound } = server.address() as AddressInfo;
  const stop = () => {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  };
  onTestFinished(stop);
  return {
    port: bound,
    target: `127.0.0.1:${bound}`,
    sockets,
    get connections() {
      return connections;
    },
    stop,
  };
}

/** Connects it to another server. */
export function pass(socket: Socket, port: number): void {
  const server = connect(port, "127.0.0.1");
  server.on("error", () => socket.destroy());
  socket.on("close", () => server.destroy());
  socket.pipe(server).pipe(socket);
}
