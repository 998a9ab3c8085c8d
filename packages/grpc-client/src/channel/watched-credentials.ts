import type { Socket } from "node:net";
import { ChannelCredentials, type experimental } from "@grpc/grpc-js";

type ConnectorArguments = Parameters<ChannelCredentials["_createSecureConnector"]>;

/**
 * Credentials that see each socket before grpc-js has a connection of it: it knows no time-out for
 * connections on which nothing is said, and leaves them open when their channel is closed.
 * https://github.com/grpc/grpc-node/issues/2785
 */
export class WatchedCredentials extends ChannelCredentials {
  readonly #credentials: ChannelCredentials;
  readonly #timeoutMs: number;
  readonly #sockets = new Set<Socket>();

  constructor(credentials: ChannelCredentials, timeoutMs: number) {
    super();
    this.#credentials = credentials;
    this.#timeoutMs = timeoutMs;
  }

  /** Closes connections that grpc-js has left open; to be called once no call is on them. */
  destroySockets(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  _isSecure(): boolean {
    return this.#credentials._isSecure();
  }

  _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  _createSecureConnector(...args: ConnectorArguments): experimental.SecureConnector {
    const connector = this.#credentials._createSecureConnector(...args);
    return {
      connect: (socket) => {
        this.#watch(socket);
        return connector.connect(socket);
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  }

  #watch(socket: Socket): void {
    const onTimeout = () => {
      if (socket.bytesRead === 0) {
        socket.destroy(new Error(`the peer has said nothing for ${this.#timeoutMs} ms`));
      }
    };
    const timer = setTimeout(onTimeout, this.#timeoutMs).unref();
    this.#sockets.add(socket);
    socket.once("close", () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
  }
}
