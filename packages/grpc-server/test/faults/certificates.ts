import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The files of a certificate and its key, in PEM. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes certificates with OpenSSL, in a folder that is gone once it is closed. */
export interface CertificateMaker {
  authority(name: string): Certificate;
  /** One that `by` has signed, or itself if there is none. Negative days: it has expired. */
  certificate(name: string, by?: Certificate, days?: number): Certificate;
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
    certificate(name, by, days = 2) {
      const files = filesOf(name);
      const { certFile, keyFile } = files;
      const request = join(folder, `${name}.csr`);
      const out = ["-keyout", keyFile, "-out", request];
      const alternative = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
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
