import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ServerReflectionService } from "@grpc-kit/generated-protos/grpc/reflection/v1";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { all } from "../src/demo/all.ts";
import { runProgram } from "./run-program.ts";
import { failureOf, serveItems, stubOf, temporaryFolder } from "./serve.ts";
import { sources } from "./start-process.ts";

const issuer = "https://login.example.com";
const audience = "item-service";
const { publicKey, privateKey } = await generateKeyPair("ES256");

async function authSettings() {
  const file = join(temporaryFolder(), "key.pem");
  writeFileSync(file, await exportSPKI(publicKey));
  return { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience, AUTH_PUBLIC_KEY_FILE: file };
}

function sign(): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: "ES256" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject("ada")
    .setExpirationTime("5 minutes")
    .sign(privateKey);
}

describe("in production", () => {
  it("does not start without AUTH_ settings, names them, and makes no keys", async () => {
    const env = {
      NODE_ENV: "production",
      GRPC_SERVER_INSECURE: "true",
      DATA_DIR: join(temporaryFolder(), "data"),
    };
    const { code, stdout, stderr } = await runProgram(process.execPath, sources, env);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(
      "item-service: AUTH_ISSUER, AUTH_AUDIENCE and one of AUTH_JWKS_URL, AUTH_JWKS_FILE, AUTH_PUBLIC_KEY_FILE must be set when NODE_ENV is production, got none\n",
    );
    const ls = await runProgram("ls", [env.DATA_DIR]);
    expect(ls.code).not.toBe(0);
  });

  it("D3: does not start with a key that is too weak", async () => {
    const env = await authSettings();
    const weak = await runProgram("openssl", ["genrsa", "1024"]);
    const key = join(temporaryFolder(), "weak.pem");
    writeFileSync(key, weak.stdout);
    const { stdout } = await runProgram("openssl", ["rsa", "-in", key, "-pubout"]);
    writeFileSync(env.AUTH_PUBLIC_KEY_FILE, stdout);
    const { code, stderr } = await runProgram(process.execPath, sources, {
      NODE_ENV: "production",
      DATA_DIR: temporaryFolder(),
      GRPC_SERVER_INSECURE: "true",
      GRPC_SERVER_PORT: "0",
      ADMIN_PORT: "0",
      ...env,
    });
    expect(code).toBe(1);
    expect(stderr).toContain("AUTH_PUBLIC_KEY_FILE must be a file with public keys, got");
    expect(stderr).toContain("publicKey must have 2048 bits or more, got 1024");
  });

  it.each([
    [{ NODE_ENV: "production" }, /^UNIMPLEMENTED/, /^UNIMPLEMENTED/],
    [
      { NODE_ENV: "production", GRPC_SERVER_REFLECTION_ENABLED: "true" },
      /^UNAUTHENTICATED/,
      /^OK$/,
    ],
    [{ NODE_ENV: "development" }, /^UNAUTHENTICATED/, /^OK$/],
    [
      { NODE_ENV: "development", GRPC_SERVER_REFLECTION_ENABLED: "false" },
      /^UNIMPLEMENTED/,
      /^UNIMPLEMENTED/,
    ],
  ])("E10: reflection with %o", async (env, withoutToken, withToken) => {
    const plaintext = { GRPC_SERVER_INSECURE: "true" };
    const { address } = await serveItems({}, { ...(await authSettings()), ...plaintext, ...env });
    const ask = (token?: string) => {
      const reflection = stubOf(ServerReflectionService, address, { token });
      return failureOf(all(reflection.serverReflectionInfo([])));
    };
    expect(await ask()).toMatch(withoutToken);
    expect(await ask(await sign())).toMatch(withToken);
  });
});
