import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished } from "vitest";
import { createAuthority } from "../../../test/auth-certificates.ts";
import { type JwksMode, serveJwks } from "../../../test/auth-jwks-server.ts";
import { audience, issuer, jwkOf, rsa, sign } from "../../../test/auth-tokens.ts";
import type { JwtVerifierOptions } from "./jwt-options.ts";
import { createJwtVerifier, type JwtVerifier } from "./jwt-verifier.ts";

const keys = [jwkOf(rsa, "a")];
const authority = createAuthority();

function create(options: Partial<JwtVerifierOptions>): JwtVerifier & { errors: Error[] } {
  const errors: Error[] = [];
  const onKeysError = (error: Error): void => void errors.push(error);
  const verifier = createJwtVerifier({ issuer, audience, onKeysError, ...options });
  onTestFinished(() => verifier.close());
  return { ...verifier, errors };
}

const loopback = { allowInsecureLoopback: true };

describe("D9 keys by HTTP", () => {
  it("are read and used", async () => {
    const server = await serveJwks({ keys });
    const verifier = create({ ...loopback, jwksUrl: server.url });
    await verifier.warmUp();
    expect((await verifier.verify(await sign())).identity.subject).toBe("ada");
    expect(server.hits).toBe(1);
  });

  const failures: readonly (readonly [JwksMode, RegExp])[] = [
    ["down", /socket hang up/],
    ["error", /HTTP status 200, got 503/],
    ["hang", /aborted/],
    ["drip", /aborted/],
    ["huge", /262144 bytes, this one has more/],
    ["redirect", /HTTP status 200, got 302/],
    ["text", /as JSON, got "text\/html"/],
    ["garbage", /no array of keys/],
  ];
  it.each(failures)("fail closed: %s", async (mode, message) => {
    const server = await serveJwks({ keys });
    server.mode = mode;
    const neverEnds = mode === "hang" || mode === "drip";
    const jwksTimeoutMs = neverEnds ? 300 : 10_000;
    const verifier = create({ ...loopback, jwksUrl: server.url, jwksTimeoutMs });
    await expect(verifier.verify(await sign())).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: "credentials cannot be verified at the moment",
      errorDetails: { errorInfo: { reason: "KEYS_UNAVAILABLE" } },
    });
    expect(verifier.errors).toMatchObject([{ message: expect.stringMatching(message) }]);
    expect(String(verifier.errors[0])).not.toContain("SECRET");
    expect([server.hits, server.strayHits]).toEqual([1, 0]);
    // What is beyond the limit waits in buffers of sockets, or is never sent.
    expect(server.bytesWritten).toBeLessThan(20_000_000);
    await expect(verifier.warmUp()).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it.skipIf(authority === undefined)("come by HTTPS from who can prove to be there", async () => {
    const tls = authority?.issue("/CN=issuer", "IP.1=127.0.0.1");
    const server = await serveJwks({ keys, ...(tls !== undefined && { tls }) });
    const trusting = create({ jwksUrl: server.url, jwksCa: authority?.cert ?? "" });
    await trusting.warmUp();
    expect((await trusting.verify(await sign())).identity.subject).toBe("ada");
    const strict = create({ jwksUrl: server.url });
    await expect(strict.warmUp()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(server.hits).toBe(1);
  });

  it("are not waited for once the verifier is closed", async () => {
    const server = await serveJwks({ keys });
    server.mode = "hang";
    const verifier = create({ ...loopback, jwksUrl: server.url, jwksTimeoutMs: 60_000 });
    const warmUp = verifier.warmUp();
    await expect.poll(() => server.hits).toBe(1);
    await verifier[Symbol.asyncDispose]();
    await expect(warmUp).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await expect(verifier.verify(await sign())).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect([server.hits, verifier.errors]).toEqual([1, []]);
  });
});

describe("keys in a file", () => {
  async function createFile(text: string) {
    const folder = await mkdtemp(join(tmpdir(), "jwks-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, "jwks.json");
    let modifiedAt = 1_000;
    const write = async (next: string): Promise<void> => {
      await writeFile(path, next);
      modifiedAt += 1;
      await utimes(path, modifiedAt, modifiedAt);
    };
    await write(text);
    return { path, write };
  }

  const [first, second] = [{ keys }, { keys: [jwkOf(rsa, "b")] }].map((set) => JSON.stringify(set));

  async function isAccepted(verifier: JwtVerifier, kid: string): Promise<boolean> {
    const token = await sign(undefined, { header: { kid } });
    return Promise.resolve(token)
      .then((one) => verifier.verify(one))
      .then(
        () => true,
        () => false,
      );
  }

  it("are read again when it changes, and kept while it is broken", async () => {
    const { path, write } = await createFile(String(first));
    const verifier = create({ jwksFile: path, jwksMaxAgeMs: 20 });
    await verifier.warmUp();
    expect(await isAccepted(verifier, "a")).toBe(true);
    await write("half a fi");
    await expect
      .poll(() => verifier.errors)
      .toMatchObject([{ message: expect.stringContaining("not JSON") }]);
    expect(await isAccepted(verifier, "a")).toBe(true);
    await write(String(second));
    await expect.poll(() => isAccepted(verifier, "b")).toBe(true);
    expect(await isAccepted(verifier, "a")).toBe(false);
  });

  it("are refused if it is missing, no file or too long", async () => {
    const { path } = await createFile(" ".repeat(262_145));
    const faults = [
      [path, /262144 bytes, this file has 262145/],
      [`${path}.missing`, /ENOENT/],
      [tmpdir(), /EISDIR/],
    ] as const;
    for (const [jwksFile, message] of faults) {
      const verifier = create({ jwksFile });
      await expect(verifier.warmUp()).rejects.toMatchObject({ code: status.UNAVAILABLE });
      expect(verifier.errors).toMatchObject([{ message: expect.stringMatching(message) }]);
    }
  });
});
