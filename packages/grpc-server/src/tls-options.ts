import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { inspect } from "node:util";
import { checkDuration } from "./check-option.ts";

export interface TlsOptions {
  /** The file of the server's certificate and those above it, in PEM. */
  readonly certFile: string;
  /** The file of its private key, in PEM. */
  readonly keyFile: string;
  /**
   * The file of the authorities that sign clients' certificates, in PEM. With it, a client without such
   * a certificate is refused (mTLS). Default: none, and clients need no certificate.
   */
  readonly clientCaFile?: string;
  /** The lowest version to speak. Default: "TLSv1.2". */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** How often the files are looked at for new ones; Infinity: never. Default: 60_000. */
  readonly reloadIntervalMs?: number;
}

/** Throws a TypeError or RangeError that names a wrong option. The files are read by `start`. */
export function checkTlsOptions(tls: TlsOptions): TlsOptions {
  for (const name of ["certFile", "keyFile"] as const) {
    if (typeof tls[name] !== "string" || tls[name] === "") {
      throw new TypeError(`tls.${name} must be the path of a file, got ${inspect(tls[name])}`);
    }
  }
  const { clientCaFile, minVersion, reloadIntervalMs } = tls;
  if (clientCaFile !== undefined && (typeof clientCaFile !== "string" || clientCaFile === "")) {
    throw new TypeError(
      `tls.clientCaFile must be the path of a file, got ${inspect(clientCaFile)}`,
    );
  }
  if (minVersion !== undefined && minVersion !== "TLSv1.2" && minVersion !== "TLSv1.3") {
    throw new RangeError(
      `tls.minVersion must be "TLSv1.2" or "TLSv1.3", got ${inspect(minVersion)}`,
    );
  }
  if (reloadIntervalMs !== undefined) {
    checkDuration("tls.reloadIntervalMs", reloadIntervalMs);
  }
  return tls;
}

/** What the files hold. Throws an error that says what is wrong with which. */
export function readTlsFiles(tls: TlsOptions): SecureContextOptions {
  const context: SecureContextOptions = {
    cert: readFileSync(tls.certFile),
    key: readFileSync(tls.keyFile),
    minVersion: tls.minVersion ?? "TLSv1.2",
    ...(tls.clientCaFile === undefined ? {} : { ca: readFileSync(tls.clientCaFile) }),
  };
  try {
    createSecureContext(context);
  } catch (cause) {
    const files = `${tls.certFile} and ${tls.keyFile}`;
    throw new Error(`${files} must be a certificate and its key: ${(cause as Error).message}`, {
      cause,
    });
  }
  return context;
}

/** Whether both hold the same bytes. */
export function isSameContext(one: SecureContextOptions, other: SecureContextOptions): boolean {
  return (["cert", "key", "ca"] as const).every(
    (name) => String(one[name]) === String(other[name]),
  );
}
