import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { credentials, Metadata, status } from "@grpc/grpc-js";
import { identityKey } from "@grpc-kit/grpc-context";
import { auth, createCertificateVerifier } from "@grpc-kit/grpc-interceptors/server/auth";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../serve.ts";
import { serveStandard } from "./serve-standard.ts";

/** A file with the extensions that a certificate is to have. */
function extensions(folder: string, name: string, lines: string): string {
  const file = join(folder, `${name}.ext`);
  writeFileSync(file, lines);
  return file;
}

function createCertificates() {
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

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl) {
  process.stderr.write("certificates.test.ts is skipped: there is no openssl\n");
}

it.skipIf(!hasOpenssl)(
  "D20: a certificate says who calls, whatever the metadata says",
  async () => {
    const path = createCertificates();
    const seen: unknown[] = [];
    const { port } = await serveStandard(
      {
        unary(request, context) {
          seen.push(context.get(identityKey)?.subject);
          return request;
        },
      },
      {
        auth: auth({
          verifier: createCertificateVerifier({ name: "spiffe", trustDomains: ["shop.example"] }),
        }),
      },
      {
        tls: {
          certFile: path("server.pem"),
          keyFile: path("server.key"),
          clientCaFile: path("ca.pem"),
        },
      },
    );
    const [ca, key, cert] = ["ca.pem", "client.key", "client.pem"].map((name) =>
      readFileSync(path(name)),
    );
    const secure = credentials.createSsl(ca, key, cert);
    const client = new FixtureServiceClient(`127.0.0.1:${port}`, secure, {
      "grpc.ssl_target_name_override": "localhost",
    });
    onTestFinished(() => client.close());
    const metadata = new Metadata();
    metadata.set("x-forwarded-client-cert", "URI=spiffe://shop.example/admin");
    for (const kind of callKinds) {
      const { code, details } = await callFixture(client, kind, { metadata }).outcome;
      expect([code, details]).toEqual([status.OK, ""]);
    }
    expect(seen).toEqual(["spiffe://shop.example/billing"]);
  },
);
