import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { inspect } from "node:util";
import { CallCredentials, ChannelCredentials, credentials as grpcCredentials } from "@grpc/grpc-js";
import { checkInteger, checkNames } from "../retry/check-option.ts";
import type { ChannelOptions, TlsOptions } from "./channel-options.ts";

/** How the connections of a channel are secured. */
export interface ChannelSecurity {
  readonly isSecure: boolean;
  readonly serverName: string | undefined;
  /** Two securities with the same values, the same objects among them, are the same. */
  readonly identity: readonly unknown[];
  /** The credentials of a connection to be made now. */
  current(): ChannelCredentials;
  /** Calls `onChange` when they are others than before, until what it returns is called. */
  watch(onChange: () => void): () => void;
}

const never = (): (() => void) => () => {};

/** Throws a TypeError or RangeError that names a wrong option, or the error of a file. */
export function resolveCredentials({
  credentials,
  callCredentials,
}: Pick<ChannelOptions, "credentials" | "callCredentials">): ChannelSecurity {
  if (callCredentials !== undefined && !(callCredentials instanceof CallCredentials)) {
    throw new TypeError(
      `callCredentials must be CallCredentials of grpc-js, got ${inspect(callCredentials)}`,
    );
  }
  const compose = (channel: ChannelCredentials) =>
    callCredentials === undefined ? channel : channel.compose(callCredentials);
  if (credentials === "insecure" || credentials instanceof ChannelCredentials) {
    const given = credentials === "insecure" ? grpcCredentials.createInsecure() : credentials;
    const isSecure = given._isSecure();
    if (callCredentials !== undefined && !isSecure) {
      throw new TypeError(
        "callCredentials must not be sent without TLS: give `credentials` of TLS, or leave them out",
      );
    }
    const current = compose(given);
    return {
      isSecure,
      serverName: undefined,
      identity: [credentials, callCredentials],
      current: () => current,
      watch: never,
    };
  }
  return resolveTls(credentials ?? {}, compose, callCredentials);
}

const tlsNames = ["caFile", "certFile", "keyFile", "serverName", "reloadIntervalMs"];
const fileNames = ["caFile", "certFile", "keyFile"] as const;

function resolveTls(
  tls: TlsOptions,
  compose: (channel: ChannelCredentials) => ChannelCredentials,
  callCredentials: CallCredentials | undefined,
): ChannelSecurity {
  checkTls(tls);
  const { caFile, certFile, keyFile, serverName, reloadIntervalMs = 60_000 } = tls;
  let files = readFiles(tls);
  let current = compose(toCredentials(files));
  const reload = (): boolean => {
    // While files are being replaced, they may be missing, or not belong together.
    try {
      const read = readFiles(tls);
      if (isSame(read, files)) {
        return false;
      }
      current = compose(toCredentials(read));
      files = read;
      return true;
    } catch {
      return false;
    }
  };
  const isWatched = fileNames.some((name) => tls[name] !== undefined);
  return {
    isSecure: true,
    serverName,
    identity: ["tls", caFile, certFile, keyFile, serverName, reloadIntervalMs, callCredentials],
    current: () => current,
    watch(onChange) {
      if (!isWatched || reloadIntervalMs === Number.POSITIVE_INFINITY) {
        return never();
      }
      const timer = setInterval(() => reload() && onChange(), reloadIntervalMs).unref();
      return () => clearInterval(timer);
    },
  };
}

function checkTls(tls: TlsOptions): void {
  if (typeof tls !== "object" || tls === null) {
    const must = '"insecure", an object with files, or ChannelCredentials of grpc-js';
    throw new TypeError(`credentials must be ${must}, got ${inspect(tls)}`);
  }
  checkNames("credentials", tls, tlsNames);
  for (const name of fileNames) {
    const file = tls[name];
    if (file !== undefined && (typeof file !== "string" || file === "")) {
      throw new TypeError(`credentials.${name} must be the path of a file, got ${inspect(file)}`);
    }
  }
  const { certFile, keyFile, reloadIntervalMs = 60_000 } = tls;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const [given, missing] = certFile === undefined ? ["key", "cert"] : ["cert", "key"];
    throw new TypeError(
      `credentials.${missing}File must be set with credentials.${given}File, got undefined`,
    );
  }
  if (reloadIntervalMs !== Number.POSITIVE_INFINITY) {
    checkInteger("credentials.reloadIntervalMs", reloadIntervalMs, 1, 2 ** 31 - 1);
  }
}

type Files = readonly (Buffer | null)[];

function readFiles(tls: TlsOptions): Files {
  return fileNames.map((name) => {
    const file = tls[name];
    return file === undefined ? null : readFileSync(file);
  });
}

function isSame(one: Files, other: Files): boolean {
  return one.every((file, index) => String(file) === String(other[index]));
}

function toCredentials([ca = null, cert = null, key = null]: Files): ChannelCredentials {
  try {
    // Says more than grpc-js when the certificate and the key do not belong together.
    createSecureContext(cert === null || key === null ? {} : { cert, key });
    return grpcCredentials.createSsl(ca, key, cert);
  } catch (cause) {
    throw new TypeError(
      `credentials must be files in PEM that belong together: ${(cause as Error).message}`,
      { cause },
    );
  }
}
