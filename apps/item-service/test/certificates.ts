import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./serve.ts";

/** A file with the extensions that a certificate is to have. */
function extensions(folder: string, name: string, lines: string): string {
  const file = join(folder, `${name}.ext`);
  writeFileSync(file, lines);
  return file;
}

/**
 * The path of a file by its name: ca.pem, server.pem and server.key for "localhost", client.pem and
 * client.key for spiffe://shop.example/billing. They are gone after the test.
 */
export function createCertificates(): (name: string) => string {
  const folder = temporaryFolder();
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca");
  const sign = (name: string, alternative: string) => {
    openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const file = extensions(folder, name, `subjectAltName=${alternative}`);
    const authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      ...authority,
      "-out",
      `${name}.pem`,
      "-extfile",
      file,
    );
  };
  sign("server", "DNS:localhost");
  sign("client", "URI:spiffe://shop.example/billing");
  return (name: string) => join(folder, name);
}

/** Tests of certificates are skipped without it. */
export const hasOpenssl: boolean = spawnSync("openssl", ["version"]).status === 0;
