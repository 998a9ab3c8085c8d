import { readSettings, type Settings } from "@grpc-kit/item-service/settings";
import { describe, expect, it } from "vitest";
import { workloadOf } from "../manifests/kinds.ts";
import { type HelmTemplateOptions, helmTemplate } from "../manifests/run-helm.ts";
import type { ChartValues } from "./chart-values.ts";
import { chartVariants, hasHelm } from "./chart-variants.ts";
import { containerEnvironment, exampleSecrets, unreadVariables } from "./container-environment.ts";

type Environment = Readonly<Record<string, string>>;

/** Variables that others than the settings read. */
const readElsewhere: readonly RegExp[] = [
  // Node.js and libuv, before any code of the service runs.
  /^NODE_OPTIONS$/,
  /^NODE_EXTRA_CA_CERTS$/,
  /^UV_THREADPOOL_SIZE$/,
  // os.tmpdir() and SQLite, for what waits in files.
  /^TMPDIR$/,
  // The exporter of OpenTelemetry.
  /^OTEL_EXPORTER_OTLP_/,
  // Parts of OTEL_RESOURCE_ATTRIBUTES, by $(…).
  /^(POD_NAME|POD_NAMESPACE|NODE_NAME)$/,
];

describe.skipIf(!hasHelm()).each(chartVariants())(
  "the environment with ci/$name-values.yaml",
  ({ options, values }) => {
    it("is taken by the service, which reads what the chart says", async () => {
      const settings = readSettings(await environmentOf(options));
      expect(settings).toMatchObject(expectedSettings(values));
    });

    it("has the database's address from the user's Secret, and from nowhere else", async () => {
      const { container } = workloadOf(await helmTemplate(options));
      const source = container.env?.find(({ name }) => name === "DATABASE_URL")?.valueFrom;
      const { type, existingSecret } = values.database;
      expect(source?.secretKeyRef).toEqual(type === "postgres" ? existingSecret : undefined);
    });

    it("has no variable that nobody reads", async () => {
      const environment = await environmentOf(options);
      const unread = unreadVariables(environment, readSettings);
      expect(unread.filter((name) => !readElsewhere.some((known) => known.test(name)))).toEqual([]);
    });

    it("has no variable that the chart's own code leaves unresolved", async () => {
      const texts = Object.values(await environmentOf(options));
      expect(texts.filter((text) => /\$\(|\{\{/.test(text))).toEqual([]);
    });

    it("names files and folders that are mounted, and writable ones where it writes", async () => {
      const { container } = workloadOf(await helmTemplate(options));
      const mounts = container.volumeMounts ?? [];
      for (const [name, value] of Object.entries(await environmentOf(options))) {
        const path = /^(?:sqlite:)?(\/.*)$/.exec(value)?.[1];
        if (path === undefined) {
          continue;
        }
        const mount = mounts.find(({ mountPath }) => `${path}/`.startsWith(`${mountPath}/`));
        expect(mount, `${name}=${value} must be in a volume`).toBeDefined();
        const isWritten = ["DATA_DIR", "TMPDIR", "DATABASE_URL"].includes(name);
        expect(mount?.readOnly ?? false, `${name}=${value} must be writable`).toBe(!isWritten);
        // A file that is mounted by itself stays as it was when it is renewed.
        expect(mount?.subPath).toBeUndefined();
      }
    });
  },
);

describe.skipIf(!hasHelm())("a variable that is renamed", () => {
  it("is found, whatever its name", async () => {
    const [variant] = chartVariants();
    const environment = await environmentOf(variant?.options ?? {});
    for (const [name, value] of Object.entries(environment)) {
      if (!readElsewhere.some((known) => known.test(name))) {
        const { [name]: _old, ...others } = environment;
        expect(isNoticed({ ...others, [`${name}_X`]: value }), name).toBe(true);
      }
    }
  });
});

function isNoticed(environment: Environment): boolean {
  try {
    return unreadVariables(environment, readSettings).some((name) => name.endsWith("_X"));
  } catch {
    return true;
  }
}

async function environmentOf(options: HelmTemplateOptions): Promise<Environment> {
  return containerEnvironment(await helmTemplate(options), exampleSecrets);
}

function expectedSettings(values: ChartValues): object {
  const { auth, database, lifecycle, otel, ports, transport } = values;
  const isTls = transport.mode === "tls";
  const tls = "/etc/item-service/tls";
  const clientCa = transport.tls.clientCa;
  const keys = "/etc/item-service/token-keys";
  const server: Partial<Settings["server"]> = {
    enabled: true,
    host: values.host,
    port: ports.grpc,
    maxWorkers: values.workers,
    reflectionEnabled: false,
    healthCheckEnabled: true,
    drainDelayMs: lifecycle.drainDelayMs,
    graceMs: lifecycle.graceMs,
    maxConnectionAgeMs: values.connections.maxAgeMs,
    insecure: isTls ? undefined : true,
    tlsCertFile: isTls ? `${tls}/tls.crt` : undefined,
    tlsKeyFile: isTls ? `${tls}/tls.key` : undefined,
    tlsClientCaFile:
      isTls && clientCa.existingSecret !== ""
        ? `/etc/item-service/client-ca/${clientCa.key}`
        : undefined,
  };
  return {
    environment: "production",
    adminHost: values.host,
    adminPort: ports.admin,
    logLevel: values.logLevel,
    server,
    auth: {
      issuer: auth.issuer,
      audience: auth.audience,
      ...(auth.jwksUrl !== ""
        ? { jwksUrl: auth.jwksUrl }
        : auth.jwks.configMap !== ""
          ? { jwksFile: `${keys}/${auth.jwks.key}` }
          : { publicKeyFile: `${keys}/${auth.publicKey.key}` }),
    },
    database: {
      url:
        database.type === "sqlite"
          ? `sqlite:/data/${database.sqlite.fileName}`
          : exampleSecrets.DATABASE_URL,
      poolMax: Number(values.settings.DATABASE_POOL_MAX ?? 10),
    },
    telemetry: {
      tracesExporter: otel.exporter,
      ...(otel.exporter !== "none" && { sampler: otel.sampler, samplerRatio: otel.samplerRatio }),
    },
  };
}
