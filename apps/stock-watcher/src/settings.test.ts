import { describe, expect, it } from "vitest";
import { readSettings } from "./settings.ts";

const production = {
  NODE_ENV: "production",
  AUTH_ISSUER: "https://login.example.com",
  AUTH_AUDIENCE: "stock",
  AUTH_JWKS_URL: "https://login.example.com/keys",
  GRPC_SERVER_INSECURE: "true",
  ITEM_SERVICE_TOKEN_FILE: "/run/token",
};

function faultsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readSettings(environment);
    return [];
  } catch (error) {
    return (error as Error).message.split("\n");
  }
}

describe("readSettings", () => {
  it("needs nothing beside an item service on a developer's machine", () => {
    expect(readSettings({})).toMatchObject({
      stockFile: "data/stock.jsonl",
      stockPollMs: 5_000,
      syncTimeoutMs: 600_000,
      itemService: { address: "127.0.0.1:50051", tls: "insecure", tokenFile: undefined },
      auth: { developmentKeys: "data/development-keys" },
      server: { port: 50_052, maxWorkers: 1, insecure: true, reflectionEnabled: true },
      client: { maxRetries: 3 },
      adminHost: "127.0.0.1",
      adminPort: 9_465,
      logLevel: "info",
    });
    expect(readSettings({ DATA_DIR: "/srv" })).toMatchObject({
      stockFile: "/srv/stock.jsonl",
      auth: { developmentKeys: "/srv/development-keys" },
      itemService: { developmentAuth: { developmentKeys: "/srv/development-keys" } },
    });
  });

  it.each([
    [{}, "insecure"],
    [{ ITEM_SERVICE_INSECURE: "false" }, {}],
    [{ ITEM_SERVICE_TLS_CA_FILE: "/tls/ca.crt" }, { caFile: "/tls/ca.crt" }],
    [production, {}],
    [{ ...production, ITEM_SERVICE_INSECURE: "true" }, "insecure"],
  ])("calls the item service, by %j, with TLS %j", (environment, tls) => {
    expect(readSettings(environment).itemService.tls).toEqual(tls);
  });

  it.each([
    [{}, false],
    [production, false],
    [{ ITEM_SERVICE_INSECURE: "false" }, false],
    [{ ...production, ITEM_SERVICE_INSECURE: "true" }, true],
  ])("sends tokens in plaintext only where that is said, by %j: %s", (environment, isAllowed) => {
    expect(readSettings(environment).itemService.allowPlaintextTokens).toBe(isAllowed);
  });

  it("says in production who calls and whom it trusts, and shows less", () => {
    const settings = readSettings(production);
    expect(settings.itemService.tokenFile).toBe("/run/token");
    expect(settings.server.reflectionEnabled).toBe(false);
    expect(settings.auth).not.toHaveProperty("developmentKeys");
    expect(faultsOf({ NODE_ENV: "production", GRPC_SERVER_INSECURE: "true" })).toEqual([
      "ITEM_SERVICE_TOKEN_FILE must be set when NODE_ENV is production, got none",
      expect.stringMatching(/^AUTH_ISSUER, AUTH_AUDIENCE and .* must be set when NODE_ENV is/),
    ]);
  });

  it("names every variable that is wrong", () => {
    const wrong = {
      STOCK_FILE: "",
      STOCK_POLL_MS: "9",
      SYNC_TIMEOUT_MS: "1.5",
      ITEM_SERVICE_INSECURE: "yes",
      ADMIN_PORT: "70000",
      LOG_LEVEL: "loud",
      GRPC_SERVER_MAX_WORKERS: "2",
      GRPC_CLIENT_MAX_RETRIES: "9",
      AUTH_ISSUER: "me",
      OTEL_TRACES_EXPORTER: "zipkin",
    };
    const faults = faultsOf(wrong).join("\n");
    for (const name of Object.keys(wrong).filter((each) => each !== "AUTH_ISSUER")) {
      expect(faults).toContain(`${name} must be `);
    }
    expect(faults).toContain("AUTH_AUDIENCE must be set");
    expect(faults).toContain('GRPC_SERVER_MAX_WORKERS must be 1, got "2"');
  });

  it("knows its variables, and those that Kubernetes sets for a Service of such a name", () => {
    const links = { ITEM_SERVICE_SERVICE_HOST: "10.0.0.7", ITEM_SERVICE_PORT: "tcp://10.0.0.7:1" };
    expect(faultsOf({ STOCK_FILES: "x", ITEM_SERVICE_TOKN_FILE: "y", ...links })).toEqual([
      "STOCK_FILES is unknown, did you mean STOCK_FILE?",
      "ITEM_SERVICE_TOKN_FILE is unknown, did you mean ITEM_SERVICE_TOKEN_FILE?",
    ]);
  });

  it("refuses what contradicts itself", () => {
    const both = { ITEM_SERVICE_INSECURE: "true", ITEM_SERVICE_TLS_CA_FILE: "/tls/ca.crt" };
    expect(faultsOf(both)).toEqual([
      "ITEM_SERVICE_INSECURE must not be true with ITEM_SERVICE_TLS_CA_FILE",
    ]);
  });
});
