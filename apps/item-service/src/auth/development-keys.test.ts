import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, it, onTestFinished } from "vitest";
import { developmentAuth } from "../auth-settings.ts";
import { openDevelopmentKeys, signDevelopmentToken } from "./development-keys.ts";

function newAuth() {
  const folder = mkdtempSync(join(tmpdir(), "development-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return developmentAuth(join(folder, "data"));
}

const content = { scope: "items:read", subject: "ada", expiresIn: "5m" };

describe("signDevelopmentToken", () => {
  it("signs what the keys in the folder verify", async () => {
    const auth = newAuth();
    const token = await signDevelopmentToken(auth, content);
    const keys = createLocalJWKSet(JSON.parse(readFileSync(String(auth.jwksFile), "utf8")));
    const { issuer, audience } = auth;
    const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ["ES256"] });
    expect(payload).toMatchObject({ sub: "ada", scope: "items:read" });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(300);
  });
});

describe("openDevelopmentKeys", () => {
  it("makes one pair, whoever comes at the same time, for its own user alone", async () => {
    const { developmentKeys: folder } = newAuth();
    const opened = await Promise.all(Array.from({ length: 20 }, () => openDevelopmentKeys(folder)));
    expect(new Set(opened.map(({ kid }) => kid)).size).toBe(1);
    expect(readdirSync(join(folder, ".."))).toEqual(["development-keys"]);
    expect(readdirSync(folder).sort()).toEqual(["jwks.json", "private.jwk.json"]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "private.jwk.json")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, "jwks.json"), "utf8")).not.toContain('"d"');
  });

  it("keeps the pair that is there", async () => {
    const { developmentKeys: folder } = newAuth();
    const { kid } = await openDevelopmentKeys(folder);
    expect((await openDevelopmentKeys(folder)).kid).toBe(kid);
  });

  it.each([
    ["private.jwk.json", "", "private.jwk.json must be JSON"],
    ["private.jwk.json", "null", "private.jwk.json and jwks.json must be of one pair"],
    ["jwks.json", '{"keys":[]}', "private.jwk.json and jwks.json must be of one pair"],
    ["jwks.json", '{"keys":7}', "private.jwk.json and jwks.json must be of one pair"],
  ])("says what to do when %s is %j", async (file, text, why) => {
    const { developmentKeys: folder } = newAuth();
    await openDevelopmentKeys(folder);
    writeFileSync(join(folder, file), text);
    const message = `the development keys in ${folder} cannot be used: ${why}; remove that folder, and new ones are made`;
    await expect(openDevelopmentKeys(folder)).rejects.toThrow(message);
  });

  it("says what to do when a file is not there, and makes no other pair", async () => {
    const { developmentKeys: folder } = newAuth();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "jwks.json"), "{}");
    await expect(openDevelopmentKeys(folder)).rejects.toThrow("remove that folder");
    expect(readdirSync(folder)).toEqual(["jwks.json"]);
  });

  it("says what to do when there is no place for keys", async () => {
    const { developmentKeys: folder } = newAuth();
    mkdirSync(join(folder, "../.."), { recursive: true });
    writeFileSync(join(folder, ".."), "a file");
    await expect(openDevelopmentKeys(folder)).rejects.toThrow(
      /^no keys for development can be made: .*; set DATA_DIR to a folder that can be written$/,
    );
  });

  it("does not repeat a private key that it cannot read", async () => {
    const { developmentKeys: folder } = newAuth();
    await openDevelopmentKeys(folder);
    writeFileSync(join(folder, "private.jwk.json"), 'S3CR3T"d":');
    await expect(openDevelopmentKeys(folder)).rejects.not.toThrow("S3CR3T");
  });
});
