import { describe, expect, it } from "vitest";
import { readSettings } from "./settings.ts";

describe("readSettings", () => {
  it("has a default for everything: one process without a certificate", () => {
    const { server, ...own } = readSettings({});
    expect(own).toEqual({
      auth: undefined,
      databaseUrl: "sqlite:data/item-service.db",
      adminHost: "127.0.0.1",
      adminPort: 9_464,
      logLevel: "info",
      tracesExporter: "none",
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
      DATABASE_URL: "sqlite::memory:",
      PATH: "/bin",
    };
    const { server, databaseUrl } = readSettings(environment);
    expect(databaseUrl).toBe("sqlite::memory:");
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
      ADMIN_PORT: "65536",
      LOG_LEVEL: "loud",
      AUTH_ISSUER: "me",
    };
    expect(() => readSettings(environment)).toThrow(
      new TypeError(
        [
          'GRPC_SERVER_HOST must be a host name or an IP address, got ""',
          'GRPC_SERVER_PORT must be an integer from 0 to 65535, got "65536"',
          "GRPC_SERVER_MAX_WORKER is unknown, did you mean GRPC_SERVER_MAX_WORKERS?",
          "AUTH_AUDIENCE must be set when another AUTH_ variable is",
          "one of AUTH_JWKS_URL, AUTH_JWKS_FILE, AUTH_PUBLIC_KEY_FILE must be set, got none",
          'DATABASE_URL must be sqlite:<path>, got "mysql:items"',
          'ADMIN_PORT must be an integer from 0 to 65535, got "65536"',
          'LOG_LEVEL must be one of debug, info, warn, error, got "loud"',
        ].join("\n"),
      ),
    );
  });

  it.each(["", "sqlite:", "items.db", "SQLITE:items.db"])("refuses the database %j", (url) => {
    expect(() => readSettings({ DATABASE_URL: url })).toThrow(
      `DATABASE_URL must be sqlite:<path>, got ${JSON.stringify(url)}`,
    );
  });

  it("does not repeat a password", () => {
    const act = () => readSettings({ DATABASE_URL: "postgres://me:se@cret@host/items" });
    expect(act).toThrow('got "postgres://…@host/items"');
  });
});
