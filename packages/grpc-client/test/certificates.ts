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
  /** `by` signs it. It is for `host`, such as "IP:127.0.0.1" or "DNS:localhost". */
  certificate(name: string, by: Certificate, host: string): Certificate;
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
      const out = ["-keyout", files.keyFile, "-out", files.certFile];
      openssl("req", "-x509", ...newKey, ...out, "-subj", `/CN=${name}`, "-days", "2");
      return files;
    },
    certificate(name, by, host) {
      const files = filesOf(name);
      const request = join(folder, `${name}.csr`);
      const out = ["-keyout", files.keyFile, "-out", request];
      const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${host}`];
      openssl("req", ...newKey, ...out, ...subject);
      const signed = ["-CA", by.certFile, "-CAkey", by.keyFile, "-CAcreateserial"];
      const copy = ["-copy_extensions", "copyall", "-days", "2"];
      openssl("x509", "-req", "-in", request, ...signed, ...copy, "-out", files.certFile);
      return files;
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
