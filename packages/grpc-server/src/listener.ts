import { once } from "node:events";
import { unlinkSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Connection } from "./connection.ts";
import type { ConnectionLimits } from "./connection-options.ts";
import { atMost } from "./patience.ts";
import type { Peers } from "./peers.ts";
import { awaitPreface } from "./preface.ts";
import type { ConnectionRefusal, ServerEvents } from "./server-events.ts";
import type { TlsOptions } from "./tls-options.ts";
import { createTlsTerminator, type TlsTerminator } from "./tls-terminator.ts";

/** Where a server listens. */
export interface ServerAddress {
  /** The address, or the path of a Unix socket. */
  readonly host: string;
  /** 0 for a Unix socket. */
  readonly port: number;
  /** What a client of grpc-js calls it: "127.0.0.1:50051", "unix:/run/items.sock". */
  readonly target: string;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly connections: ConnectionLimits;
  readonly events: ServerEvents;
  readonly peers: Peers;
  /** Takes a connection that speaks HTTP/2, with the socket to speak it on. */
  readonly onConnection: (connection: Connection, socket: Socket) => void;
}

/** Accepts connections, and keeps those out that would harm the others. */
export interface Listener {
  /** The open connections. */
  readonly connections: ReadonlySet<Connection>;
  /** Epoch milliseconds until which the certificate is valid. Undefined: not encrypted, or not listening yet. */
  readonly certificateExpiresAt: number | undefined;
  listen(): Promise<ServerAddress>;
  /**
   * Accepts no more. Those that have just come have a moment to say what they want; the others that
   * have not said it are dropped.
   */
  close(): Promise<void>;
  /** Settles when no connection is open. */
  closed(): Promise<void>;
}

// A client that has connected before the end must not lose its first call to it.
const newcomersMs = 500;

export function createListener(options: ListenerOptions): Listener {
  const { host, port, path, events, peers, onConnection } = options;
  const { handshakeTimeoutMs } = options.connections;
  const connections = new Set<Connection>();
  const onceEmpty: (() => void)[] = [];
  /** Those that have not finished their handshake. */
  const newcomers = new Set<Connection>();
  let onNoNewcomers = (): void => {};
  let tls: TlsTerminator | undefined;
  let isClosing = false;

  function accept(socket: Socket): void {
    socket.on("error", () => {});
    const peer = isClosing ? undefined : peers.connect(socket.remoteAddress);
    if (peer === undefined || typeof peer === "string") {
      refuse(socket, peer);
      return;
    }
    const connection = new Connection(socket, peer);
    connections.add(connection);
    newcomers.add(connection);
    const settle = (): void => {
      newcomers.delete(connection);
      if (newcomers.size === 0) {
        onNoNewcomers();
      }
    };
    const handshake =
      handshakeTimeoutMs === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => refuse(socket, "handshake_timeout"), handshakeTimeoutMs);
    socket.once("close", () => {
      clearTimeout(handshake);
      peers.disconnect(peer);
      connections.delete(connection);
      settle();
      if (connections.size === 0) {
        for (const tell of onceEmpty.splice(0)) {
          tell();
        }
      }
    });
    const speak = (plain: Socket): void =>
      awaitPreface(plain, (isHttp2) => {
        clearTimeout(handshake);
        if (isHttp2) {
          connection.isReady = true;
          onConnection(connection, plain);
          settle();
        } else {
          refuse(socket, "not_http2");
        }
      });
    if (tls === undefined) {
      speak(socket);
    } else {
      tls.decrypt(socket, speak, (refusal) => refuse(socket, refusal));
    }
  }

  function refuse(socket: Socket, refusal: ConnectionRefusal | undefined): void {
    if (refusal !== undefined && !socket.destroyed) {
      events.add(refusal, socket.remoteAddress ?? "unknown");
    }
    socket.destroy();
  }

  const server = createServer({ noDelay: true }, accept);

  return {
    connections,
    get certificateExpiresAt() {
      return tls?.expiresAt;
    },
    async listen() {
      const where = path ?? `${host}:${port}`;
      try {
        tls =
          options.tls === undefined
            ? undefined
            : createTlsTerminator(options.tls, handshakeTimeoutMs, events);
        if (path !== undefined) {
          await removeDeadSocket(path);
        }
        await startListening(server, path === undefined ? { host, port } : { path });
      } catch (cause) {
        tls?.close();
        throw new Error(`cannot listen on ${where}: ${(cause as Error).message}`, { cause });
      }
      // From now on a failure to accept (too many open files, for one) is a lost connection only.
      server.on("error", () => {});
      return addressOf(server);
    },
    async close() {
      isClosing = true;
      server.close();
      tls?.close();
      if (newcomers.size > 0) {
        await atMost(
          newcomersMs,
          new Promise<void>((resolve) => {
            onNoNewcomers = resolve;
          }),
        );
      }
      for (const { socket } of newcomers) {
        socket.destroy();
      }
    },
    closed: () =>
      connections.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => void onceEmpty.push(resolve)),
  };
}

async function startListening(
  server: Server,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<void> {
  const listening = once(server, "listening");
  server.listen(where);
  await listening;
}

function addressOf(server: Server): ServerAddress {
  const address = server.address() as AddressInfo | string;
  if (typeof address === "string") {
    return { host: address, port: 0, target: `unix:${address}` };
  }
  const { address: host, port, family } = address;
  return { host, port, target: family === "IPv6" ? `[${host}]:${port}` : `${host}:${port}` };
}

/** A process that was killed leaves its socket behind; nobody listens on it, and nobody else can. */
async function removeDeadSocket(path: string): Promise<void> {
  const probe = connect({ path });
  const code = await new Promise<string | undefined>((resolve) => {
    probe.once("connect", () => resolve(undefined));
    probe.once("error", ({ code: reason }: NodeJS.ErrnoException) => resolve(reason));
  });
  probe.destroy();
  if (code === "ECONNREFUSED") {
    unlinkSync(path);
  }
}
