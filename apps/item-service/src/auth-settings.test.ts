import { describe, expect, it } from "vitest";
import { readAuthSettings } from "./auth-settings.ts";

const complete = {
  AUTH_ISSUER: "https://login.example.com",
  AUTH_AUDIENCE: "item-service",
  AUTH_JWKS_URL: "https://login.example.com/keys",
};

describe("readAuthSettings", () => {
  it("is undefined when nothing is set", () => {
    expect(readAuthSettings({ PATH: "/bin", AUTH_ISSUER: undefined })).toBeUndefined();
  });

  it("reads issuer, audience and where the keys are", () => {
    expect(readAuthSettings(complete)).toEqual({
      issuer: "https://login.example.com",
      audience: "item-service",
      jwksUrl: "https://login.example.com/keys",
    });
  });

  it.each([
    [{ AUTH_ISSUER: undefined }, "AUTH_ISSUER must be set when another AUTH_ variable is"],
    [{ AUTH_AUDIENCE: "" }, "AUTH_AUDIENCE must not be empty"],
    [{ AUTH_JWKS_URL: "keys" }, "AUTH_JWKS_URL must be a URL"],
    [{ AUTH_TYPO: "1" }, "AUTH_TYPO is unknown"],
    [
      { AUTH_JWKS_URL: undefined },
      "one of AUTH_JWKS_URL, AUTH_JWKS_FILE, AUTH_PUBLIC_KEY_FILE must be set, got none",
    ],
    [{ AUTH_JWKS_FILE: "keys.json" }, "must be set, got AUTH_JWKS_URL, AUTH_JWKS_FILE"],
  ])("refuses %o", (changes, fault) => {
    expect(() => readAuthSettings({ ...complete, ...changes })).toThrow(fault);
  });

  it("names all faults at once", () => {
    expect(() => readAuthSettings({ AUTH_ISSUER: "" })).toThrow(
      [
        "AUTH_ISSUER must not be empty",
        "AUTH_AUDIENCE must be set when another AUTH_ variable is",
        "one of AUTH_JWKS_URL, AUTH_JWKS_FILE, AUTH_PUBLIC_KEY_FILE must be set, got none",
      ].join("\n"),
    );
  });
});
