import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, Metadata, status } from "@grpc/grpc-js";
import { HealthClient } from "@grpc-kit/generated-protos/grpc/health/v1";
import { certificateMaker } from "@grpc-kit/testing/certificates";
import { exportJWK, exportSPKI, generateKeyPair, type JWK } from "jose";
import type { IProbe } from "kubernetes-models/v1/Probe";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type ChartVariant, chartVariants, hasHelm } from "../../src/helm/chart-variants.ts";
import { containerEnvironment, exampleSecrets } from "../../src/helm/container-environment.ts";
import { workloadOf } from "../../src/manifests/kinds.ts";
import { helmTemplate } from "../../src/manifests/run-helm.ts";
import { type ItemServiceProcess, main, startItemService } from "../start-item-service.ts";

let publicKey: CryptoKey;
let jwk: JWK;
beforeAll(async () => {
  ({ publicKey } = await generateKeyPair("ES256", { extractable: true }));
  jwk = { ...(await exportJWK(publicKey)), kid: "1", alg: "ES256", use: "sig" };
});

describe.skipIf(!hasHelm()).each(chartVariants())(
  "the service as ci/$name-values.yaml starts it",
  (variant) => {
    it("answers its probes as the kubelet asks them", async () => {
      const keys = await serveKeys();
      const { folder, service } = await start(variant, keys.url);
      const { container } = workloadOf(await helmTemplate(variant.options));
      const ask = (probe: IProbe | undefined): Promise<string> => askProbe(probe, service, folder);

      if (variant.values.auth.jwksUrl !== "") {
        // It cannot tell yet who calls.
        expect(await ask(container.livenessProbe)).toBe("SERVING");
        expect(await ask(container.startupProbe)).toBe("NOT_SERVING");
        expect(await ask(container.readinessProbe)).toBe("NOT_SERVING");
        keys.publish();
      }
      await expect.poll(() => ask(container.startupProbe), { timeout: 15_000 }).toBe("SERVING");
      expect(await ask(container.readinessProbe)).toBe("SERVING");
      expect(await ask(container.livenessProbe)).toBe("SERVING");
      expect(await service.stop()).toBe(0);
    }, 40_000);
  },
);

/** Starts it with the chart's environment. What Secrets and ConfigMaps hold is in a folder in place of the root. */
async function start(
  { options, values }: ChartVariant,
  keysUrl: string,
): Promise<{ readonly folder: string; readonly service: ItemServiceProcess }> {
  const folder = mkdtempSync(join(tmpdir(), "chart-run-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await writeFiles(folder, values.transport.tls.serverName || "items-item-service.shop.svc");
  const environment = containerEnvironment(await helmTemplate(options), exampleSecrets);
  const moved = Object.entries(environment).map(([name, value]) => {
    return [name, value.replace(/^(sqlite:)?\//, `$1${folder}/`)] as const;
  });
  const service = await startItemService({
    env: {
      ...Object.fromEntries(moved),
      // What is here is this machine, and no cluster.
      DATABASE_URL: `sqlite:${folder}/data/items.db`,
      ...(environment.AUTH_JWKS_URL !== undefined && { AUTH_JWKS_URL: keysUrl }),
      ...(environment.NODE_EXTRA_CA_CERTS !== undefined && { NODE_EXTRA_CA_CERTS: "" }),
      ADMIN_HOST: "127.0.0.1",
      ADMIN_PORT: "0",
      GRPC_SERVER_HOST: "127.0.0.1",
      GRPC_SERVER_PORT: "0",
      GRPC_SERVER_DRAIN_DELAY_MS: "0",
    },
    dataFolder: folder,
  });
  onTestFinished(async () => {
    await service.stop();
  });
  return { folder, service };
}

async function writeFiles(folder: string, serverName: string): Promise<void> {
  const mounts = join(folder, "etc/item-service");
  for (const path of [
    "data",
    "tmp",
    ...["tls", "client-ca", "token-keys"].map((it) => `etc/item-service/${it}`),
  ]) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  const maker = certificateMaker();
  onTestFinished(() => maker.close());
  const ca = maker.authority("ca");
  const own = maker.certificate("own", { by: ca, subjectAltName: `DNS:${serverName}` });
  copyFileSync(own.certFile, join(mounts, "tls/tls.crt"));
  copyFileSync(own.keyFile, join(mounts, "tls/tls.key"));
  copyFileSync(ca.certFile, join(mounts, "tls/ca.crt"));
  copyFileSync(ca.certFile, join(mounts, "client-ca/ca.crt"));
  writeFileSync(join(mounts, "token-keys/jwks.json"), JSON.stringify({ keys: [jwk] }));
  writeFileSync(join(mounts, "token-keys/public-key.pem"), await exportSPKI(publicKey));
}

/** An issuer whose keys can be had once they are published. */
async function serveKeys(): Promise<{ readonly url: string; publish(): void }> {
  let isPublished = false;
  const server = createServer((_request, response) => {
    response.statusCode = isPublished ? 200 : 503;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    publish() {
      isPublished = true;
    },
  };
}

async function askProbe(
  probe: IProbe | undefined,
  service: ItemServiceProcess,
  folder: string,
): Promise<string> {
  if (probe?.grpc !== undefined) {
    return await askGrpc(service.address, probe.grpc.service ?? "");
  }
  if (probe?.httpGet !== undefined) {
    const response = await fetch(`${service.adminUrl}${probe.httpGet.path}`);
    await response.text();
    return { 200: "SERVING", 503: "NOT_SERVING" }[response.status] ?? response.statusText;
  }
  return await askCommand(probe?.exec?.command ?? [], service, folder);
}

async function askGrpc(address: string, service: string): Promise<string> {
  const client = new HealthClient(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  return await new Promise((resolve) => {
    const deadline = Date.now() + 10_000;
    client.check({ service }, new Metadata(), { deadline }, (error, reply) => {
      resolve(
        error !== null ? status[error.code] : reply?.status === 1 ? "SERVING" : "NOT_SERVING",
      );
    });
  });
}

async function askCommand(
  [_node, _main, ...parameters]: readonly string[],
  { address }: ItemServiceProcess,
  folder: string,
): Promise<string> {
  const moved = parameters.map((part) =>
    part.replace(/=\//, `=${folder}/`).replace(/^(127\.0\.0\.1|\[::1\]):\d+$/, address),
  );
  // A busy machine needs longer to start it than the kubelet waits.
  const patient = moved.map((part) => part.replace(/^--timeout-ms=.*/, "--timeout-ms=10000"));
  return await new Promise((resolve) => {
    execFile(process.execPath, [main, ...patient], (error) => {
      resolve(error === null ? "SERVING" : error.code === 4 ? "NOT_SERVING" : error.message);
    });
  });
}
