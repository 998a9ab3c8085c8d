import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type AuthSettings, developmentAuth } from "../auth-settings.ts";
import { createLogger } from "../log.ts";
import { signDevelopmentToken } from "./development-keys.ts";
import { createItemVerifier } from "./item-verifier.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "item-verifier-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function fileWith(text: string | Buffer): string {
  const path = join(temporaryFolder(), "keys");
  writeFileSync(path, text);
  return path;
}

const logger = createLogger({ stream: { write: () => {} } });
const named = { issuer: "https://login.example.com", audience: "item-service" };

async function create(settings: AuthSettings) {
  const verifier = await createItemVerifier(settings, logger);
  onTestFinished(() => verifier.close());
  return verifier;
}

function pemOf({ bits, type }: { readonly bits: number; readonly type: "public" | "private" }) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  return type === "public"
    ? publicKey.export({ type: "spki", format: "pem" })
    : privateKey.export({ type: "pkcs8", format: "pem" });
}

describe("createItemVerifier", () => {
  it("takes tokens of the keys that it makes for development", async () => {
    const auth = developmentAuth(temporaryFolder());
    const verifier = await create(auth);
    const content = { scope: "items:read", subject: "ada", expiresIn: "5m" };
    const token = await signDevelopmentToken(auth, content);
    const caller = await verifier.verify(token);
    expect(caller.identity).toMatchObject({ subject: "ada", scopes: ["items:read"] });
  });

  it("D3: takes a strong public key, and refuses what is weak or no public key", async () => {
    const take = (text: string | Buffer) => create({ ...named, publicKeyFile: fileWith(text) });
    const must = /^AUTH_PUBLIC_KEY_FILE must be a file with public keys, got "\/.*": /;
    await take(pemOf({ bits: 2048, type: "public" }));
    await expect(take(pemOf({ bits: 1024, type: "public" }))).rejects.toThrow("got 1024");
    await expect(take(pemOf({ bits: 1024, type: "public" }))).rejects.toThrow(must);
    await expect(take(pemOf({ bits: 2048, type: "private" }))).rejects.toThrow(must);
    await expect(take("a shared secret")).rejects.toThrow(must);
  });

  it("refuses a file that is not there or has no keys, and repeats no key", async () => {
    const missing = join(temporaryFolder(), "none");
    await expect(create({ ...named, publicKeyFile: missing })).rejects.toThrow(
      `AUTH_PUBLIC_KEY_FILE must be a file with public keys, got "${missing}": ENOENT`,
    );
    await expect(create({ ...named, jwksFile: missing })).rejects.toThrow(
      `AUTH_JWKS_FILE must be a file with public keys, got "${missing}": ENOENT`,
    );
    await expect(create({ ...named, jwksFile: fileWith('{"keys":7}') })).rejects.toThrow(
      "what was read is no JWKS: it has no array of keys",
    );
    await expect(create({ ...named, jwksFile: fileWith('{"keys":[]}') })).rejects.toThrow(
      "the JWKS has no key to verify signatures with",
    );
    const key = pemOf({ bits: 2048, type: "private" }).toString();
    const misplaced = create({ ...named, publicKeyFile: key });
    await expect(misplaced).rejects.toThrow('got "-----BEGIN…"');
    await expect(misplaced).rejects.not.toThrow(key.slice(40, 60));
  });

  it("does not wait for keys from a URL", async () => {
    await create({ ...named, jwksUrl: "http://127.0.0.1:9/keys", allowInsecureLoopback: true });
  });
});
