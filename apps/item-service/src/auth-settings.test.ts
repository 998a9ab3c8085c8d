import { describe, expect, it } from "vitest";
import { developmentAuth, readAuthSettings } from "./auth-settings.ts";

const complete = {
  AUTH_ISSUER: "https://login.example.com",
  AUTH_AUDIENCE: "item-service",
  AUTH_JWKS_URL: "https://login.example.com/keys",
};

describe("readAuthSettings", () => {
  it.each([undefined, "development", "test"])(
    "takes keys of development when nothing is set and NODE_ENV is %s",
    (name) => {
      const environment = { PATH: "/bin", AUTH_ISSUER: undefined, NODE_ENV: name };
      expect(readAuthSettings(environment)).toEqual({
        issuer: "urn:item-service:development",
        audience: "item-service",
        jwksFile: "data/development-keys/jwks.json",
        developmentKeys: "data/development-keys",
      });
      expect(readAuthSettings({ ...environment, DATA_DIR: "/var/items" })).toEqual(
        developmentAuth("/var/items"),
      );
    },
  );

  it("has no default in production", () => {
    expect(() => readAuthSettings({ NODE_ENV: "production" })).toThrow(
      "AUTH_ISSUER, AUTH_AUDIENCE and one of AUTH_JWKS_URL, AUTH_JWKS_FILE, AUTH_PUBLIC_KEY_FILE must be set when NODE_ENV is production, got none",
    );
  });

  it.each(["production", "development"])("reads issuer, audience and keys: %s", (name) => {
    expect(readAuthSettings({ ...complete, NODE_ENV: name })).toEqual({
      issuer: "https://login.example.com",
      audience: "item-service",
      jwksUrl: "https://login.example.com/keys",
      allowInsecureLoopback: true,
    });
  });

  it.each(["http://localhost:8080/keys", "http://127.0.0.1/keys", "http://[::1]:1/keys"])(
    "takes keys by http from this machine: %s",
    (url) => {
      expect(readAuthSettings({ ...complete, AUTH_JWKS_URL: url }).jwksUrl).toBe(url);
    },
  );

  it.each([
    [
      { AUTH_ISSUER: undefined },
      "AUTH_ISSUER must be set when another AUTH_ variable is, got none",
    ],
    [{ AUTH_AUDIENCE: "" }, 'AUTH_AUDIENCE must not be empty, got ""'],
    [{ AUTH_JWKS_URL: "keys" }, "AUTH_JWKS_URL must be an https URL"],
    [
      { AUTH_JWKS_URL: "http://me:s3cret@login.example.com/keys?k=s3cret" },
      'AUTH_JWKS_URL must be an https URL, or an http URL of this machine, without user and password, got "http://…@login.example.com/keys?…"',
    ],
    [{ AUTH_JWKS_URL: "http://127.0.0.1.example.com/keys" }, "AUTH_JWKS_URL must be an https URL"],
    [{ AUTH_JWKS_URL: "https://me:s3cret@example.com" }, "without user and password"],
    [{ AUTH_JWKS_URL: "file:///keys" }, "AUTH_JWKS_URL must be an https URL"],
    [{ AUTH_JWKS_URI: "s3cret" }, "AUTH_JWKS_URI is unknown, did you mean AUTH_JWKS_URL?"],
    [
      { AUTH_JWKS_URL: undefined },
      "one of AUTH_JWKS_URL, AUTH_JWKS_FILE, AUTH_PUBLIC_KEY_FILE must be set, got none",
    ],
    [{ AUTH_JWKS_FILE: "keys.json" }, "must be set, got AUTH_JWKS_URL, AUTH_JWKS_FILE"],
  ])("refuses %o", (changes, fault) => {
    const act = () => readAuthSettings({ ...complete, ...changes });
    expect(act).toThrow(fault);
    expect(act).not.toThrow("s3cret");
  });

  it("names all faults at once", () => {
    expect(() => readAuthSettings({ AUTH_ISSUER: "" })).toThrow(
      new TypeError(
        [
          'AUTH_ISSUER must not be empty, got ""',
          "AUTH_AUDIENCE must be set when another AUTH_ variable is, got none",
          "one of AUTH_JWKS_URL, AUTH_JWKS_FILE, AUTH_PUBLIC_KEY_FILE must be set, got none",
        ].join("\n"),
      ),
    );
  });
});
