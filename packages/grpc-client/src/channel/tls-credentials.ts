import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { connect, createSecureContext, type SecureContext } from "node:tls";
import { inspect } from "node:util";
import { CallCredentials, ChannelCredentials, type experimental } from "@grpc/grpc-js";
import { checkNames } from "../check-option.ts";
import type { TlsOptions } from "./channel-options.ts";

type ConnectorArguments = Parameters<ChannelCredentials["_createSecureConnector"]>;

const fileNames = ["caFile", "certFile", "keyFile"] as const;

/** Throws a TypeError that names a wrong option. */
export function checkTlsOptions(tls: TlsOptions): void {
  checkNames("credentials", tls, [...fileNames, "serverName"]);
  for (const name of [...fileNames, "serverName"] as const) {
    const value = tls[name];
    if (value !== undefined && (typeof value !== "string" || value === "")) {
      const must = name === "serverName" ? "the name of a host" : "the path of a file";
      throw new TypeError(`credentials.${name} must be ${must}, got ${inspect(value)}`);
    }
  }
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    const [given, missing] = tls.certFile === undefined ? ["key", "cert"] : ["cert", "key"];
    throw new TypeError(
      `credentials.${missing}File must be set with credentials.${given}File, got undefined`,
    );
  }
}

/**
 * TLS by files that are read for each connection. It differs from grpc-js's own by that, and by taking
 * servers whose certificates are for an IP address, which Node.js lets nobody send as a server's name.
 */
export class TlsCredentials extends ChannelCredentials {
  readonly #tls: TlsOptions;
  readonly #host: string;
  #context: SecureContext;

  /** Throws what is wrong with the files. */
  constructor(tls: TlsOptions, host: string) {
    super();
    this.#tls = tls;
    this.#host = tls.serverName ?? host;
    this.#context = readContext(tls);
  }

  _isSecure(): boolean {
    return true;
  }

  _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  _createSecureConnector(
    ...[, , callCredentials = CallCredentials.createEmpty()]: ConnectorArguments
  ): experimental.SecureConnector {
    return {
      connect: (socket) =>
        new Promise((resolve, reject) => {
          const host = this.#host;
          const secure = connect(
            {
              socket,
              host,
              secureContext: this.#currentContext(),
              ALPNProtocols: ["h2"],
              ...(isIP(host) === 0 && { servername: host }),
            },
            () => resolve({ socket: secure, secure: true }),
          );
          // Ones that come later are grpc-js's, but would be thrown without a listener.
          secure.on("error", reject);
          secure.once("close", () => reject(new Error("the connection was closed during TLS")));
        }),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => callCredentials,
      destroy() {},
    };
  }

  #currentContext(): SecureContext {
    try {
      this.#context = readContext(this.#tls);
    } catch {
      // While files are being replaced, they may be missing, or not belong together.
    }
    return this.#context;
  }
}

function readContext(tls: TlsOptions): SecureContext {
  const [ca, cert, key] = fileNames.map((name) => {
    const file = tls[name];
    return file === undefined ? undefined : readFileSync(file);
  });
  try {
    return createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  } catch (cause) {
    const files = fileNames.flatMap((name) => tls[name] ?? []).join(", ");
    throw new Error(`${files} must be PEM and belong together: ${(cause as Error).message}`, {
      cause,
    });
  }
}
