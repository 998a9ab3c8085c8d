import { errors } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as tokens from "../../../test/auth-tokens.ts";
import {
  audience,
  claims,
  ec,
  ed,
  issuer,
  nowSeconds,
  rsa,
  sign,
} from "../../../test/auth-tokens.ts";
import { createJwtVerifier, type JwtVerifier } from "./jwt-verifier.ts";

const options = { issuer, audience, publicKey: rsa.publicKey };

interface Refusal {
  readonly message: string;
  readonly reason: string;
  readonly cause: Error;
}

async function refusalOf(verifier: JwtVerifier, token: string): Promise<Refusal> {
  try {
    await verifier.verify(token);
  } catch (error) {
    return error as Refusal;
  }
  return { message: "", reason: "accepted", cause: new Error("none") };
}

async function reasonOf(verifier: JwtVerifier, token: string): Promise<string> {
  return (await refusalOf(verifier, token)).reason;
}

describe("createJwtVerifier", () => {
  const verifier = createJwtVerifier(options);

  it("tells whose a token is, and until when", async () => {
    const payload = claims({ scope: "a b", scp: ["b", "c", 1], scopes: "d", roles: ["x"] });
    const caller = await verifier.verify(await sign(payload));
    expect(caller).toEqual({
      identity: { subject: "ada", scopes: ["a", "b", "c", "d"], claims: payload },
      expiresAtMs: Number(payload.exp) * 1_000,
      acceptedUntilMs: Number(payload.exp) * 1_000 + 5_000,
    });
  });

  it("gives what no call can change for others", async () => {
    const deep = claims({ roles: ["x"], realm: { access: { roles: ["y"] } } });
    const { identity } = await verifier.verify(await sign(deep));
    const { roles, realm } = identity.claims as { roles: string[]; realm: typeof deep };
    expect(() => roles.push("admin")).toThrow(TypeError);
    expect(() => Object.assign(realm.access as object, { roles: [] })).toThrow(TypeError);
    expect(() => (identity.scopes as string[]).push("admin")).toThrow(TypeError);
  });

  it.each([
    ["PS256", rsa],
    ["ES256", ec],
    ["EdDSA", ed],
  ])("verifies %s by default", async (alg, { privateKey, publicKey }) => {
    const token = await sign(claims(), { key: privateKey, header: { alg } });
    const caller = await createJwtVerifier({ ...options, publicKey }).verify(token);
    expect(caller.identity.subject).toBe("ada");
  });

  it("verifies HS256 with a secret, and nothing else", async () => {
    const secret = "0123456789abcdef0123456789abcdef";
    const hmac = createJwtVerifier({ issuer, audience, secret });
    const key = Buffer.from(secret);
    expect(await reasonOf(hmac, await sign(claims(), { key, header: { alg: "HS256" } }))).toBe(
      "accepted",
    );
    expect(await reasonOf(hmac, await sign())).toBe("TOKEN_INVALID");
    const other = Buffer.from(secret.toUpperCase());
    expect(
      await reasonOf(hmac, await sign(claims(), { key: other, header: { alg: "HS256" } })),
    ).toBe("TOKEN_INVALID");
  });

  it("honours the kid of a single key", async () => {
    const publicKey = tokens.jwkOf(rsa, "mine");
    const strict = createJwtVerifier({ ...options, publicKey });
    expect(await reasonOf(strict, await sign(claims(), { header: { kid: "mine" } }))).toBe(
      "accepted",
    );
    expect(await reasonOf(strict, await sign())).toBe("accepted");
    expect(await reasonOf(strict, await sign(claims(), { header: { kid: "other" } }))).toBe(
      "TOKEN_INVALID",
    );
  });

  it("D2 takes no algorithm but those it is told to, even with the right key", async () => {
    const pinned = createJwtVerifier({ ...options, algorithms: ["RS512"] });
    const signed = (alg: string): Promise<string> => sign(claims(), { header: { alg } });
    expect(await reasonOf(pinned, await signed("RS512"))).toBe("accepted");
    expect(await reasonOf(pinned, await signed("RS256"))).toBe("TOKEN_INVALID");
    expect(await reasonOf(verifier, await signed("RS512"))).toBe("TOKEN_INVALID");
  });

  it("honours the alg of a single key", async () => {
    const publicKey = { ...tokens.jwkOf(rsa, "mine"), alg: "PS256" };
    const strict = createJwtVerifier({ ...options, publicKey });
    expect(await reasonOf(strict, await sign())).toBe("TOKEN_INVALID");
    expect(await reasonOf(strict, await sign(claims(), { header: { alg: "PS256" } }))).toBe(
      "accepted",
    );
  });

  it("D6 wants the type it is told to", async () => {
    const typed = createJwtVerifier({ ...options, type: "at+jwt" });
    const reasons = ["at+jwt", "AT+JWT", "application/at+jwt", "JWT", "id+jwt"].map(async (typ) =>
      reasonOf(typed, await sign(claims(), { header: { typ } })),
    );
    expect(await Promise.all(reasons)).toEqual([
      "accepted",
      "accepted",
      "accepted",
      "TOKEN_INVALID",
      "TOKEN_INVALID",
    ]);
    expect(await reasonOf(typed, await sign())).toBe("TOKEN_INVALID");
  });

  it("wants the claims it is told to", async () => {
    const strict = createJwtVerifier({ ...options, requiredClaims: ["jti"] });
    expect(await reasonOf(strict, await sign())).toBe("TOKEN_INVALID");
    expect(await reasonOf(strict, await sign(claims({ jti: "1" })))).toBe("accepted");
  });

  it("takes claims as deep as they come", async () => {
    const depth = 2_500;
    const deep = claims({ deep: JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`) });
    expect(await reasonOf(verifier, await sign(deep))).toBe("accepted");
  });

  it("D5 wants a lifetime that is not too long", async () => {
    const short = createJwtVerifier({ ...options, maxTokenAgeMs: 600_000 });
    const iat = nowSeconds();
    expect(await reasonOf(short, await sign(claims({ iat, exp: iat + 600 })))).toBe("accepted");
    expect(await reasonOf(short, await sign(claims({ iat, exp: iat + 601 })))).toBe(
      "TOKEN_INVALID",
    );
    expect(await reasonOf(short, await sign(claims({ iat: undefined })))).toBe("TOKEN_INVALID");
    expect(await reasonOf(short, await sign(claims({ iat: -1e308 })))).not.toBe("accepted");
  });

  it("keeps the cause for logs, without the token or what it says", async () => {
    for (const token of [await sign(claims({ aud: "S3CR3T" })), `${await sign()}x`, "S3CR3T"]) {
      const { message, cause } = await refusalOf(verifier, token);
      expect(message).toBe("credentials are not valid");
      expect(cause).toBeInstanceOf(Error);
      expect(cause).not.toBeInstanceOf(errors.JOSEError);
      const logged = JSON.stringify([cause.message, cause, cause.cause ?? cause.stack]);
      expect(logged).not.toContain("S3CR3T");
      expect(logged).not.toContain(token);
      expect(logged).not.toContain("ada");
    }
  });
});

describe("D4 at the exact boundary", () => {
  const at = 1_800_000_000;
  const times = { iat: at, exp: at + 600 };

  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    ["exp", { ...times, exp: at }, 4_999, "accepted"],
    ["exp", { ...times, exp: at }, 5_000, "TOKEN_EXPIRED"],
    ["exp, a fraction", { ...times, exp: at + 0.5 }, 5_499, "accepted"],
    ["exp, a fraction", { ...times, exp: at + 0.5 }, 5_500, "TOKEN_EXPIRED"],
    ["nbf", { ...times, nbf: at + 5 }, 0, "accepted"],
    ["nbf", { ...times, nbf: at + 6 }, 0, "TOKEN_INVALID"],
    ["iat", { iat: at + 5, exp: at + 600 }, 0, "accepted"],
    ["iat", { iat: at + 6, exp: at + 600 }, 0, "TOKEN_INVALID"],
  ])("%s %o, %i ms later: %s", async (_claim, payload, laterMs, reason) => {
    vi.setSystemTime(at * 1_000 + laterMs);
    expect(await reasonOf(createJwtVerifier(options), await sign(claims(payload)))).toBe(reason);
  });

  it.each([
    [0, 600_000],
    [60_000, 660_000],
  ])("allows what it is told to: %i ms", async (clockToleranceMs, lastMs) => {
    const verifier = createJwtVerifier({ ...options, clockToleranceMs });
    const token = await sign(claims(times));
    vi.setSystemTime(at * 1_000 + lastMs - 1);
    expect(await reasonOf(verifier, token)).toBe("accepted");
    vi.setSystemTime(at * 1_000 + lastMs);
    expect(await reasonOf(verifier, token)).toBe("TOKEN_EXPIRED");
    expect(await reasonOf(createJwtVerifier({ ...options, clockToleranceMs }), token)).toBe(
      "TOKEN_EXPIRED",
    );
  });
});
