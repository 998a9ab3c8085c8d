import { AsyncLocalStorage } from "node:async_hooks";
import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type SecureContextOptions, type TLSSocket } from "node:tls";
import type { ConnectionRefusal, ServerEvents } from "./server-events.ts";
import { isSameContext, readTlsFiles, type TlsOptions } from "./tls-options.ts";

/** Speaks TLS on sockets that others have accepted. */
export interface TlsTerminator {
  /** Epoch milliseconds until which the certificate in use is valid. */
  readonly expiresAt: number;
  decrypt(
    socket: Socket,
    onPlain: (plain: Socket) => void,
    onRefused: (refusal: ConnectionRefusal) => void,
  ): void;
  close(): void;
}

interface Handshake {
  readonly onPlain: (plain: Socket) => void;
  readonly onRefused: (refusal: ConnectionRefusal) => void;
}

/** Reads the files, and reads them again as long as it is open. Throws if they are wrong now. */
export function createTlsTerminator(
  tls: TlsOptions,
  handshakeTimeoutMs: number,
  events: ServerEvents,
): TlsTerminator {
  let context = readTlsFiles(tls);
  let expiresAt = expiryOf(context);
  const handshakes = new AsyncLocalStorage<Handshake>();
  const server = createServer({
    ...context,
    ALPNProtocols: ["h2"],
    requestCert: tls.clientCaFile !== undefined,
    // Node would cut those without a word; here they are counted.
    rejectUnauthorized: false,
    // The listener's own timer is the one that counts.
    handshakeTimeout: Math.min(2 ** 31 - 1, handshakeTimeoutMs * 2),
  });
  server.on("secureConnection", (plain: TLSSocket) => {
    plain.on("error", () => {});
    const handshake = handshakes.getStore();
    if (tls.clientCaFile !== undefined && !plain.authorized) {
      handshake?.onRefused("tls");
      return;
    }
    // https://www.rfc-editor.org/rfc/rfc9113#section-3.3: HTTP/2 over TLS is agreed on by ALPN.
    if (plain.alpnProtocol === "h2") {
      handshake?.onPlain(plain);
    } else {
      handshake?.onRefused("no_alpn");
    }
  });
  server.on("tlsClientError", (_error, socket) => {
    socket.on("error", () => {});
    handshakes.getStore()?.onRefused("tls");
  });

  const reload = (): void => {
    try {
      const latest = readTlsFiles(tls);
      if (!isSameContext(latest, context)) {
        server.setSecureContext(latest);
        context = latest;
        expiresAt = expiryOf(latest);
        events.emit({ type: "tls_reloaded" });
      }
    } catch (error) {
      events.emit({ type: "tls_reload_failed", error });
    }
  };
  const { reloadIntervalMs = 60_000 } = tls;
  const timer =
    reloadIntervalMs === Number.POSITIVE_INFINITY
      ? undefined
      : setInterval(reload, reloadIntervalMs).unref();

  return {
    get expiresAt() {
      return expiresAt;
    },
    decrypt(socket, onPlain, onRefused) {
      // https://nodejs.org/api/tls.html#event-connection: sockets may be passed in.
      handshakes.run({ onPlain, onRefused }, () => server.emit("connection", socket));
    },
    close: () => clearInterval(timer),
  };
}

function expiryOf({ cert }: SecureContextOptions): number {
  return new X509Certificate(cert as Buffer).validToDate.getTime();
}
