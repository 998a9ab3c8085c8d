import { inspect } from "node:util";
import { CallCredentials, ChannelCredentials, credentials as grpcCredentials } from "@grpc/grpc-js";
import type { ChannelOptions } from "./channel-options.ts";
import { checkTlsOptions, TlsCredentials } from "./tls-credentials.ts";

/** How the connections of a channel are secured. */
export interface ChannelSecurity {
  readonly credentials: ChannelCredentials;
  /** Two with the same values, the same objects of grpc-js among them, are the same. */
  readonly identity: readonly unknown[];
}

/**
 * `host` is whom the server's certificate must be for, unless the options say. Throws a TypeError that
 * names a wrong option, or what is wrong with a file.
 */
export function resolveCredentials(
  { credentials = {}, callCredentials }: Pick<ChannelOptions, "credentials" | "callCredentials">,
  host: string,
): ChannelSecurity {
  const channel = toChannelCredentials(credentials, host);
  const isOfFiles = channel instanceof TlsCredentials;
  const identity = isOfFiles ? Object.entries(credentials).sort().flat() : [credentials];
  if (callCredentials === undefined) {
    return { credentials: channel, identity };
  }
  if (!(callCredentials instanceof CallCredentials)) {
    const got = inspect(callCredentials);
    throw new TypeError(`callCredentials must be CallCredentials of grpc-js, got ${got}`);
  }
  if (!channel._isSecure()) {
    throw new TypeError(
      "callCredentials must not be sent without TLS: give `credentials` with TLS, or leave them out",
    );
  }
  return {
    credentials: channel.compose(callCredentials),
    identity: [...identity, callCredentials],
  };
}

function toChannelCredentials(
  credentials: NonNullable<ChannelOptions["credentials"]>,
  host: string,
): ChannelCredentials {
  if (credentials instanceof ChannelCredentials) {
    return credentials;
  }
  if (credentials === "insecure") {
    return grpcCredentials.createInsecure();
  }
  if (typeof credentials !== "object" || credentials === null) {
    const must = '"insecure", an object with files, or ChannelCredentials of grpc-js';
    throw new TypeError(`credentials must be ${must}, got ${inspect(credentials)}`);
  }
  checkTlsOptions(credentials);
  return new TlsCredentials(credentials, host);
}
