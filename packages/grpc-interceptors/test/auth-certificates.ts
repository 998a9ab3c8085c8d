import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateAuthority extends Certificate {
  /** A certificate for a subject ("/CN=ada") with names as OpenSSL's configuration has them ("DNS:a"). */
  issue(subject: string, altNames?: string): Certificate;
}

/** A certificate authority of its own; undefined, and a line that says so, where OpenSSL is missing. */
export function createAuthority(): CertificateAuthority | undefined {
  try {
    execFileSync("openssl", ["version"]);
  } catch {
    process.stdout.write("openssl is missing: tests with certificates are skipped\n");
    return undefined;
  }
  const authority = inFolder((run) => {
    run(["req", "-x509", ...fresh("ca"), "-subj", "/CN=authority", "-days", "2"]);
    return ["ca.key", "ca.crt"];
  });
  return {
    ...authority,
    issue: (subject, altNames) =>
      inFolder((run, write) => {
        write("ca.key", authority.key);
        write("ca.crt", authority.cert);
        // A section and not a list, so that names may have commas.
        write(
          "names",
          altNames === undefined ? "" : `subjectAltName=@names\n[names]\n${altNames}\n`,
        );
        run(["req", ...fresh("leaf", "leaf.csr"), "-subj", subject]);
        run([
          ...["x509", "-req", "-in", "leaf.csr", "-CA", "ca.crt", "-CAkey", "ca.key"],
          ...["-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "leaf.crt"],
        ]);
        return ["leaf.key", "leaf.crt"];
      }),
  };
}

function fresh(name: string, out = `${name}.crt`): string[] {
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  return [...curve, "-nodes", "-keyout", `${name}.key`, "-out", out];
}

type Work = (
  run: (args: readonly string[]) => void,
  write: (name: string, text: string) => void,
) => readonly [key: string, cert: string];

function inFolder(work: Work): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "auth-certificates-"));
  const run = (args: readonly string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  };
  try {
    const [key, cert] = work(run, (name, text) => writeFileSync(join(folder, name), text));
    const read = (name: string): string => readFileSync(join(folder, name), "utf8");
    return { key: read(key), cert: read(cert) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
