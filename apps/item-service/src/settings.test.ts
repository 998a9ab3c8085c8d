import { describe, expect, it } from "vitest";
import { developmentAuth } from "./auth-settings.ts";
import { readSettings } from "./settings.ts";

describe("readSettings", () => {
  it("has a default for everything: one process without a certificate", () => {
    const { server, ...own } = readSettings({});
    expect(own).toEqual({
      environment: "development",
      dataFolder: "data",
      auth: developmentAuth("data"),
      database: {
        url: "sqlite:data/item-service.db",
        poolMax: 10,
        poolTimeoutMs: 2_000,
        connectTimeoutMs: 5_000,
        statementTimeoutMs: 10_000,
      },
      adminHost: "127.0.0.1",
      adminPort: 9_464,
      logLevel: "info",
      telemetry: expect.objectContaining({ tracesExporter: "none" }),
    });
    expect(server).toMatchObject({
      enabled: true,
      host: "0.0.0.0",
      port: 50_051,
      insecure: true,
      maxWorkers: 1,
      maxConcurrentRpcs: 100,
      reflectionEnabled: true,
      healthCheckEnabled: true,
    });
  });

  it("reads what is there and ignores the rest", () => {
    const environment = {
      GRPC_SERVER_HOST: "::1",
      GRPC_SERVER_PORT: "0",
      GRPC_SERVER_MAX_WORKERS: "3",
      GRPC_SERVER_REFLECTION_ENABLED: "false",
      DATABASE_URL: "postgresql://me:secret@db:5432/items?sslmode=verify-full",
      DATABASE_POOL_MAX: "3",
      PATH: "/bin",
    };
    const { server, database } = readSettings(environment);
    expect(database).toMatchObject({ url: environment.DATABASE_URL, poolMax: 3 });
    expect(server).toMatchObject({
      host: "::1",
      port: 0,
      maxWorkers: 3,
      reflectionEnabled: false,
    });
  });

  it("encrypts when it is given a certificate", () => {
    const { server } = readSettings({
      GRPC_SERVER_TLS_CERT_FILE: "/etc/tls/tls.crt",
      GRPC_SERVER_TLS_KEY_FILE: "/etc/tls/tls.key",
    });
    expect(server.insecure).toBeUndefined();
    expect(server.tlsCertFile).toBe("/etc/tls/tls.crt");
  });

  it("reports all faults at once, a line for each", () => {
    const environment = {
      GRPC_SERVER_HOST: "",
      GRPC_SERVER_PORT: "65536",
      GRPC_SERVER_MAX_WORKER: "7",
      DATABASE_URL: "mysql:items",
      DATABASE_POOL_MAX: "0",
      DATABASE_POOL_TIMEOUT: "1",
      DATABASE_PASSWORD: "s3cret",
      NODE_ENV: "prod",
      DATA_DIR: "",
      ADMIN_HOSTS: "me",
      OTEL_TRACES_EXPORTER: "zipkin",
      ADMIN_PORT: "65536",
      LOG_LEVEL: "loud",
      AUTH_ISSUER: "me",
    };
    expect(() => readSettings(environment)).toThrow(
      new TypeError(
        [
          'NODE_ENV must be one of development, production, test, got "prod"',
          'DATA_DIR must be the path of a folder, got ""',
          'ADMIN_PORT must be an integer from 0 to 65535, got "65536"',
          'LOG_LEVEL must be one of debug, info, warn, error, got "loud"',
          'GRPC_SERVER_HOST must be a host name or an IP address, got ""',
          'GRPC_SERVER_PORT must be an integer from 0 to 65535, got "65536"',
          "GRPC_SERVER_MAX_WORKER is unknown, did you mean GRPC_SERVER_MAX_WORKERS?",
          "AUTH_AUDIENCE must be set when another AUTH_ variable is, got none",
          "one of AUTH_JWKS_URL, AUTH_JWKS_FILE, AUTH_PUBLIC_KEY_FILE must be set, got none",
          'DATABASE_URL must be sqlite:<path> or postgres://<address>, got "mysql:items"',
          'DATABASE_POOL_MAX must be an integer from 1 to 1000, got "0"',
          "DATABASE_POOL_TIMEOUT is unknown, did you mean DATABASE_POOL_TIMEOUT_MS?",
          "DATABASE_PASSWORD is unknown",
          'OTEL_TRACES_EXPORTER must be one of otlp, console, none, got "zipkin"',
          "ADMIN_HOSTS is unknown, did you mean ADMIN_HOST?",
        ].join("\n"),
      ),
    );
  });

  it("refuses workers that would each have a database of their own", () => {
    const environment = { DATABASE_URL: "sqlite::memory:", GRPC_SERVER_MAX_WORKERS: "2" };
    expect(() => readSettings(environment)).toThrow(
      "GRPC_SERVER_MAX_WORKERS must be 1 with sqlite::memory:, got 2",
    );
  });

  it.each(["", "sqlite:", "items.db", "SQLITE:items.db", "postgres:", "postgres://"])(
    "refuses the database %j",
    (url) => {
      expect(() => readSettings({ DATABASE_URL: url })).toThrow(
        `DATABASE_URL must be sqlite:<path> or postgres://<address>, got ${JSON.stringify(url)}`,
      );
    },
  );

  it.each([
    ["mysql://me:se@cret@host/items", "mysql://…@host/items"],
    ["postgres:me:secret@host", "…@host"],
    ["postgres://me:se cret@[host]/items", "postgres://…@[host]/items"],
    ["mysql://host/items?password=secret", "mysql://host/items?…"],
  ])("does not repeat the password in %s", (url, shown) => {
    const act = () => readSettings({ DATABASE_URL: url });
    expect(act).toThrow(`got ${JSON.stringify(shown)}`);
    expect(act).not.toThrow("cret");
  });

  it("is for development unless NODE_ENV is production", () => {
    const auth = { AUTH_ISSUER: "me", AUTH_AUDIENCE: "items", AUTH_JWKS_FILE: "keys.json" };
    expect(() => readSettings({ NODE_ENV: "production", ...auth })).toThrow("GRPC_SERVER_INSECURE");
    const read = (name: string, more = {}) => {
      const plaintext = { GRPC_SERVER_INSECURE: "true" };
      const { environment, server } = readSettings({
        NODE_ENV: name,
        ...auth,
        ...plaintext,
        ...more,
      });
      return [environment, server.reflectionEnabled];
    };
    expect(read("development")).toEqual(["development", true]);
    expect(read("test")).toEqual(["development", true]);
    expect(read("production")).toEqual(["production", false]);
    expect(read("production", { GRPC_SERVER_REFLECTION_ENABLED: "true" })).toEqual([
      "production",
      true,
    ]);
    expect(() => readSettings({ NODE_ENV: "production" })).toThrow("AUTH_ISSUER");
  });
});
