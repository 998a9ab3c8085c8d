import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The files of a certificate and its key, in PEM. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface CertificateOptions {
  /** Who signs it. Default: itself. */
  readonly by?: Certificate;
  /** Whose it is, as OpenSSL has it. Default: "IP:127.0.0.1,DNS:localhost". */
  readonly subjectAltName?: string;
  /** How long it is valid; negative: it has expired. Default: 2. */
  readonly days?: number;
}

/** Makes certificates with OpenSSL, in a folder that is gone once it is closed. */
export interface CertificateMaker {
  authority(name: string): Certificate;
  certificate(name: string, options?: CertificateOptions): Certificate;
  close(): void;
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export function certificateMaker(): CertificateMaker {
  const folder = mkdtempSync(join(tmpdir(), "certificates-"));
  const openssl = (...args: readonly string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const filesOf = (name: string): Certificate => ({
    certFile: join(folder, `${name}.pem`),
    keyFile: join(folder, `${name}.key`),
  });

  return {
    authority(name) {
      const files = filesOf(name);
      const { certFile, keyFile } = files;
      const out = ["-keyout", keyFile, "-out", certFile];
      openssl("req", "-x509", ...newKey, ...out, "-subj", `/CN=${name}`, "-days", "2");
      return files;
    },
    certificate(name, { by, subjectAltName = "IP:127.0.0.1,DNS:localhost", days = 2 } = {}) {
      const files = filesOf(name);
      const { certFile, keyFile } = files;
      const request = join(folder, `${name}.csr`);
      const out = ["-keyout", keyFile, "-out", request];
      const alternative = ["-addext", `subjectAltName=${subjectAltName}`];
      openssl("req", ...newKey, ...out, "-subj", `/CN=${name}`, ...alternative);
      const signed =
        by === undefined
          ? ["-signkey", keyFile]
          : ["-CA", by.certFile, "-CAkey", by.keyFile, "-CAcreateserial"];
      const copy = ["-copy_extensions", "copyall"];
      const validity = ["-days", String(days)];
      openssl("x509", "-req", "-in", request, ...signed, ...copy, ...validity, "-out", certFile);
      return files;
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
