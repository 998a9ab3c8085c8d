import { generateKeyPairSync, randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type JwksServer, serveJwks } from "../../../test/auth-jwks-server.ts";
import {
  audience,
  claims,
  encode,
  issuer,
  jwkOf,
  type KeyPair,
  rsa,
  sign,
} from "../../../test/auth-tokens.ts";
import type { JwtVerifierOptions } from "./jwt-options.ts";
import { createJwtVerifier, type JwtVerifier } from "./jwt-verifier.ts";

const next = generateKeyPairSync("rsa", { modulusLength: 2048 });

interface Served {
  readonly server: JwksServer;
  readonly verifier: JwtVerifier;
  readonly errors: Error[];
}

async function serve(options: Partial<JwtVerifierOptions> = {}): Promise<Served> {
  const server = await serveJwks({ keys: [jwkOf(rsa, "a")] });
  const errors: Error[] = [];
  const verifier = createJwtVerifier({
    issuer,
    audience,
    jwksUrl: server.url,
    allowInsecureLoopback: true,
    onKeysError: (error) => errors.push(error),
    ...options,
  });
  onTestFinished(() => verifier.close());
  return { server, verifier, errors };
}

async function answerTo(verifier: JwtVerifier, token: string): Promise<unknown> {
  try {
    await verifier.verify(token);
    return "accepted";
  } catch (error) {
    const { reason, code } = error as { readonly reason?: string; readonly code?: status };
    return reason ?? status[code ?? status.UNKNOWN];
  }
}

/** Another token each time, so that none is remembered. */
function tokenOf(kid: string, key: KeyPair = rsa): Promise<string> {
  return sign(claims({ jti: randomUUID() }), { key: key.privateKey, header: { kid } });
}

/** Nobody has to sign a token whose key is not found. */
function tokenOfUnknown(): string {
  return `${encode({ alg: "RS256", kid: randomUUID() })}.${encode(claims())}.AAAA`;
}

// expect.poll would move the fake clock.
async function until(isDone: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isDone())) {
    await setImmediate();
  }
}

/** Whether a token that nobody has seen before is accepted. */
async function isAccepted(
  verifier: JwtVerifier,
  kid: string,
  key: KeyPair = rsa,
): Promise<boolean> {
  return (await answerTo(verifier, await tokenOf(kid, key))) === "accepted";
}

// Sockets go on by the real clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

describe("the keys of an issuer", () => {
  it("are read once for all who wait for them", async () => {
    const { server, verifier } = await serve();
    const tokens = await Promise.all(Array.from({ length: 50 }, () => tokenOf("a")));
    const answers = await Promise.all(tokens.map((token) => answerTo(verifier, token)));
    expect([new Set(answers), server.hits]).toEqual([new Set(["accepted"]), 1]);
  });

  it("are forgotten with their tokens only if they are others than before", async () => {
    const { server, verifier } = await serve();
    const token = await tokenOf("a");
    const caller = await verifier.verify(token);
    vi.advanceTimersByTime(600_000);
    await until(() => server.hits === 2);
    // The keys that this one waits for are those of the second answer.
    vi.advanceTimersByTime(30_000);
    expect(await answerTo(verifier, tokenOfUnknown())).toBe("TOKEN_INVALID");
    expect(verifier.verify(token)).toBe(caller);
    server.keys = [jwkOf(rsa, "a"), jwkOf(next, "b")];
    vi.advanceTimersByTime(600_000);
    await until(() => verifier.verify(token) !== caller);
  });

  it("are honoured by kid", async () => {
    const { server, verifier } = await serve();
    expect(await answerTo(verifier, await tokenOf("other"))).toBe("TOKEN_INVALID");
    expect(await answerTo(verifier, await sign())).toBe("accepted");
    server.keys = [jwkOf(rsa, "a"), jwkOf(next, "b")];
    vi.advanceTimersByTime(600_000);
    await until(() => isAccepted(verifier, "b", next));
    expect(await answerTo(verifier, await tokenOf("b", rsa))).toBe("TOKEN_INVALID");
    expect(await answerTo(verifier, await sign(claims({ jti: "2" })))).toBe("TOKEN_INVALID");
  });

  it("D3 are left out if they are weak, private or secret", async () => {
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const { server, verifier, errors } = await serve();
    server.keys = [
      jwkOf(weak, "weak"),
      { ...rsa.privateKey.export({ format: "jwk" }), kid: "private" },
      { kty: "oct", k: "AAAA", kid: "secret" },
      { kty: "RSA", kid: "broken" },
      { ...jwkOf(rsa, "encryption"), use: "enc" },
      jwkOf(rsa, "a"),
    ];
    expect(await answerTo(verifier, await tokenOf("a"))).toBe("accepted");
    for (const kid of ["weak", "private", "secret", "broken", "encryption"]) {
      expect(await answerTo(verifier, await tokenOf(kid))).toBe("TOKEN_INVALID");
    }
    expect(errors.map(({ message }) => message.slice(0, 5))).toEqual([
      "key 0",
      "key 1",
      "key 2",
      "key 3",
    ]);
    expect(String(errors)).toContain("2048 bits or more, got 1024");
  });

  it("D3 are not ready while none can be used", async () => {
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const { server, verifier } = await serve();
    server.keys = [jwkOf(weak, "weak"), { ...jwkOf(rsa, "encryption"), use: "enc" }];
    await expect(verifier.warmUp()).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      cause: { message: expect.stringMatching(/^the JWKS has no key to .*; key 0 .* got 1024$/) },
    });
    server.keys = [jwkOf(rsa, "a")];
    vi.advanceTimersByTime(600_000);
    await until(() => isAccepted(verifier, "a"));
    await verifier.warmUp();
  });

  it("D8 are not where a token says they are", async () => {
    const { server, verifier } = await serve();
    const stray = server.url.replace("/jwks", "/evil");
    for (const header of [{ jku: stray }, { x5u: stray }, { kid: stray }, { kid: "../evil" }]) {
      const forged = await sign(claims(), { key: next.privateKey, header });
      expect(await answerTo(verifier, forged)).toBe("TOKEN_INVALID");
    }
    expect([server.hits, server.strayHits]).toEqual([1, 0]);
  });
});

describe("D10 a flood of unknown keys", () => {
  it("makes nobody read again within the cooldown, and one after it", async () => {
    const { server, verifier } = await serve();
    await verifier.warmUp();
    const flood = async (calls: number): Promise<Set<unknown>> =>
      new Set(
        await Promise.all(
          Array.from({ length: calls }, () => answerTo(verifier, tokenOfUnknown())),
        ),
      );
    expect(await flood(5_000)).toEqual(new Set(["TOKEN_INVALID"]));
    expect(server.hits).toBe(1);
    vi.advanceTimersByTime(30_000);
    expect(await flood(5_000)).toEqual(new Set(["TOKEN_INVALID"]));
    expect(server.hits).toBe(2);
    expect(await answerTo(verifier, await tokenOf("a"))).toBe("accepted");
  });
});

describe("D11 keys that cannot be read", () => {
  it("are asked for once a step of backoff, whoever calls", async () => {
    const { server, verifier, errors } = await serve();
    server.mode = "error";
    const steps = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    for (const [failures, stepMs] of steps.entries()) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => answerTo(verifier, tokenOfUnknown())),
      );
      expect(new Set(answers)).toEqual(new Set(["UNAVAILABLE"]));
      vi.advanceTimersByTime(stepMs - 1);
      expect(await answerTo(verifier, await tokenOf("a"))).toBe("UNAVAILABLE");
      expect([server.hits, errors.length]).toEqual([failures + 1, failures + 1]);
      vi.advanceTimersByTime(1);
      await until(() => errors.length === failures + 2);
    }
    server.mode = "ok";
    vi.advanceTimersByTime(30_000);
    await until(() => isAccepted(verifier, "a"));
    expect(server.hits).toBe(steps.length + 2);
    // What is not known now, the issuer does not have.
    expect(await answerTo(verifier, tokenOfUnknown())).toBe("TOKEN_INVALID");
  });

  it("stay in use while they are known, but not for ever", async () => {
    const { server, verifier, errors } = await serve({
      jwksMaxStaleMs: 3_600_000,
      jwksTimeoutMs: 2_000,
    });
    await verifier.warmUp();
    server.mode = "hang";
    vi.advanceTimersByTime(600_000);
    await until(() => server.hits === 2);
    expect(await answerTo(verifier, await tokenOf("a"))).toBe("accepted");
    server.mode = "down";
    for (let call = 0; call < 1_000; call += 1) {
      vi.advanceTimersByTime(1);
      if ((await answerTo(verifier, await tokenOf("a"))) !== "accepted") {
        expect.unreachable(`call ${call} was refused`);
      }
    }
    expect(server.hits).toBe(2);
    await until(() => errors.length === 1);
    // A key that the issuer may have by now: nobody can tell.
    expect(await answerTo(verifier, tokenOfUnknown())).toBe("UNAVAILABLE");
    vi.advanceTimersByTime(2_998_990);
    expect(await answerTo(verifier, await tokenOf("a"))).toBe("accepted");
    vi.advanceTimersByTime(10);
    expect(await answerTo(verifier, await tokenOf("a"))).toBe("UNAVAILABLE");
  });

  it("are asked for no more once the verifier is closed", async () => {
    const { server, verifier } = await serve();
    await verifier.warmUp();
    expect(vi.getTimerCount()).toBe(1);
    verifier.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(86_000_000);
    expect(await answerTo(verifier, await tokenOf("a"))).toBe("accepted");
    expect(server.hits).toBe(1);
  });

  it("do not end the process if nobody can be told", async () => {
    const thrown = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const onKeysError = (): never => {
      throw new Error("no log");
    };
    const { server, verifier } = await serve({ onKeysError });
    server.mode = "error";
    await expect(verifier.warmUp()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(thrown).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("no log"));
  });
});

describe("D12 keys that are rotated", () => {
  it("are accepted within the cooldown, and the old ones until they are gone", async () => {
    const { server, verifier } = await serve();
    const old = await tokenOf("a");
    expect(await answerTo(verifier, old)).toBe("accepted");
    server.keys = [jwkOf(rsa, "a"), jwkOf(next, "b")];
    expect(await answerTo(verifier, await tokenOf("b", next))).toBe("TOKEN_INVALID");
    vi.advanceTimersByTime(30_000);
    const fresh = await Promise.all(Array.from({ length: 100 }, () => tokenOf("b", next)));
    const under = await Promise.all(Array.from({ length: 100 }, () => tokenOf("a")));
    const answers = await Promise.all(
      [...fresh, ...under].map((token) => answerTo(verifier, token)),
    );
    expect(new Set(answers)).toEqual(new Set(["accepted"]));
    expect(server.hits).toBe(2);
    server.keys = [jwkOf(next, "b")];
    expect(await answerTo(verifier, old)).toBe("accepted");
    vi.advanceTimersByTime(600_000);
    // Also a token that was remembered.
    await until(async () => (await answerTo(verifier, old)) === "TOKEN_INVALID");
    expect(await answerTo(verifier, fresh[0] as string)).toBe("accepted");
    expect(server.hits).toBe(3);
  });
});
