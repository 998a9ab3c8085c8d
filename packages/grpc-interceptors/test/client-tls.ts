import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChannelCredentials, credentials, ServerCredentials } from "@grpc/grpc-js";

export interface TlsPair {
  readonly server: ServerCredentials;
  readonly channel: ChannelCredentials;
}

/** A certificate for localhost, and a channel that trusts no other. */
export function makeTlsPair(): TlsPair {
  const folder = mkdtempSync(join(tmpdir(), "client-tls-"));
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  try {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const files = ["-keyout", keyFile, "-out", certFile];
    execFileSync("openssl", ["req", "-x509", "-days", "1", ...key, ...name, ...files], {
      stdio: "ignore",
    });
    const [private_key, cert_chain] = [readFileSync(keyFile), readFileSync(certFile)];
    return {
      server: ServerCredentials.createSsl(null, [{ private_key, cert_chain }]),
      channel: credentials.createSsl(cert_chain),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
