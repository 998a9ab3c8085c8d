import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { audience, claims, issuer, nowSeconds, rsa, sign } from "../../../test/auth-tokens.ts";
import { createJwtVerifier, type JwtVerifier } from "./jwt-verifier.ts";
import { createTokenCache } from "./token-cache.ts";

const options = { issuer, audience, publicKey: rsa.publicKey };

function isRemembered(verifier: JwtVerifier, token: string): boolean {
  try {
    const caller = verifier.verify(token);
    if (caller instanceof Promise) {
      caller.catch(() => {});
      return false;
    }
    return true;
  } catch {
    return true;
  }
}

describe("the memory of createJwtVerifier", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
  afterEach(() => void vi.useRealTimers());

  it("answers without a promise for a token that it knows", async () => {
    const verifier = createJwtVerifier(options);
    const token = await sign();
    const caller = await verifier.verify(token);
    expect(verifier.verify(token)).toBe(caller);
  });

  it("forgets a good token after a while", async () => {
    const [long, short] = [
      createJwtVerifier(options),
      createJwtVerifier({ ...options, cacheTtlMs: 20 }),
    ];
    const token = await sign();
    await Promise.all([long.verify(token), short.verify(token)]);
    await expect.poll(() => isRemembered(short, token), { interval: 5 }).toBe(false);
    expect(isRemembered(long, token)).toBe(true);
  });

  it("lets no token live longer than it says", async () => {
    const verifier = createJwtVerifier(options);
    const token = await sign(claims({ exp: nowSeconds() + 10 }));
    await verifier.verify(token);
    vi.advanceTimersByTime(16_000);
    expect(() => verifier.verify(token)).toThrow("credentials have expired");
  });

  it("refuses a bad token at once, and forgets it after a while", async () => {
    const verifier = createJwtVerifier({ ...options, refusalTtlMs: 200 });
    const good = await sign();
    const bad = `${good.slice(0, -6)}AAAAAA`;
    await expect(verifier.verify(bad)).rejects.toThrow("credentials are not valid");
    expect(() => verifier.verify(bad)).toThrow("credentials are not valid");
    await expect.poll(() => isRemembered(verifier, bad)).toBe(false);
  });

  it("refuses an expired token at once the second time", async () => {
    const verifier = createJwtVerifier(options);
    const token = await sign(claims({ exp: nowSeconds() - 60 }));
    await expect(verifier.verify(token)).rejects.toThrow("credentials have expired");
    expect(() => verifier.verify(token)).toThrow("credentials have expired");
  });

  it("does not remember a token as bad that may become good", async () => {
    const verifier = createJwtVerifier(options);
    const token = await sign(claims({ nbf: nowSeconds() + 7 }));
    await expect(verifier.verify(token)).rejects.toThrow("credentials are not valid");
    vi.advanceTimersByTime(3_000);
    await expect(verifier.verify(token)).resolves.toMatchObject({ identity: { subject: "ada" } });
  });

  it("has a limit, and keeps bad tokens apart from good ones", async () => {
    const verifier = createJwtVerifier({ ...options, maxCachedTokens: 2 });
    const [first, second, third] = (await Promise.all(
      ["a", "b", "c"].map((sub) => sign(claims({ sub }))),
    )) as [string, string, string];
    for (const token of [first, second, third]) {
      await verifier.verify(token);
    }
    const remembered = [second, third, first].map((token) => isRemembered(verifier, token));
    expect(remembered).toEqual([true, true, false]);
    for (let flood = 0; flood < 10; flood += 1) {
      const bad = `${third.slice(0, -6)}A${String(flood).padStart(4, "0")}A`;
      await expect(verifier.verify(bad)).rejects.toThrow("credentials are not valid");
    }
    expect(isRemembered(verifier, third)).toBe(true);
  });
});

it("D12 keeps nothing that was found out by keys that have been changed since", () => {
  const cache = createTokenCache({ maxTokens: 10, ttlMs: 60_000, refusalTtlMs: 5_000 });
  const verification = cache.begin();
  cache.clear();
  verification.accept("good", {
    identity: { subject: "ada", scopes: [], claims: {} },
    expiresAtMs: Number.POSITIVE_INFINITY,
  });
  verification.refuse("bad", "TOKEN_INVALID");
  expect([cache.get("good"), cache.get("bad")]).toEqual([undefined, undefined]);
  cache.begin().refuse("bad", "TOKEN_INVALID");
  expect(cache.get("bad")).toBe("TOKEN_INVALID");
});
