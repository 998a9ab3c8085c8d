import { status } from "@grpc/grpc-js";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { type Forgery, forgeries } from "@grpc-kit/testing/forgeries";
import fc, { assert, asyncProperty } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  audience,
  bearer,
  issuer,
  reasonIn,
  rsa,
  sign,
  tokens,
} from "../../../test/auth-tokens.ts";
import { serveFixture } from "../../../test/serve-fixture.ts";
import { auth } from "./auth.ts";
import { createJwtVerifier, type JwtVerifier } from "./jwt-verifier.ts";

const corpus = forgeries(tokens);
const valid = await sign();
const reasons = ["TOKEN_INVALID", "TOKEN_EXPIRED"];

function createVerifier(): JwtVerifier {
  return createJwtVerifier({ issuer, audience, publicKey: rsa.publicKey });
}

async function reasonOf(verifier: JwtVerifier, token: string): Promise<unknown> {
  try {
    await verifier.verify(token);
    return "accepted";
  } catch (error) {
    return (error as { readonly reason?: unknown }).reason;
  }
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
const letter = fc.constantFrom(...letters);
const place = fc.nat({ max: valid.length - 1 });

/** A valid token with something replaced, put in, taken out, swapped or cut off. */
const mutated: fc.Arbitrary<string> = fc
  .oneof(
    fc.tuple(place, letter).map(([at, to]) => valid.slice(0, at) + to + valid.slice(at + 1)),
    fc.tuple(place, letter).map(([at, to]) => valid.slice(0, at) + to + valid.slice(at)),
    fc.tuple(place, fc.integer({ min: 1, max: 40 })).map(([at, length]) => {
      return valid.slice(0, at) + valid.slice(at + length);
    }),
    fc.tuple(place, place).map(([one, other]) => {
      const [from, to] = [Math.min(one, other), Math.max(one, other)];
      return valid.slice(to) + valid.slice(from, to) + valid.slice(0, from);
    }),
    fc.tuple(place, fc.string({ unit: letter, minLength: 1 })).map(([at, tail]) => {
      return valid.slice(0, at) + tail;
    }),
  )
  .filter((token) => token !== valid && token !== "");

// A header can carry these; what it cannot never reaches a verifier.
const sendable = corpus.filter(({ token }) => /^[\x21-\x7e]+$/.test(token));

describe("Property 4: JWT authentication validation (3.1)", () => {
  it("refuses every forgery, and says no more than that", async () => {
    const verifier = createVerifier();
    const answers: Record<string, unknown> = {};
    for (const { row, name, token } of corpus) {
      answers[`${row} ${name}`] = await reasonOf(verifier, token);
    }
    expect(Object.keys(answers)).toHaveLength(corpus.length);
    expect(
      Object.entries(answers).filter(([, reason]) => !reasons.includes(String(reason))),
    ).toEqual([]);
    expect(await reasonOf(verifier, valid)).toBe("accepted");
  });

  it.each(["D1", "D2", "D5", "D6", "D7", "D8"])("%s is in the corpus", (row) => {
    expect(corpus.filter((forgery) => forgery.row === row).length).toBeGreaterThan(4);
  });

  it("D7 accepts none of 10,000 mutations of a valid token", { timeout: 120_000 }, async () => {
    const verifier = createVerifier();
    await assert(
      asyncProperty(mutated, async (token) => {
        expect(reasons).toContain(await reasonOf(verifier, token));
      }),
      { numRuns: 10_000 },
    );
    expect(await reasonOf(verifier, valid)).toBe("accepted");
  });

  it.each(callKinds)("holds over the wire: %s", { timeout: 120_000 }, async (kind) => {
    const interceptors = [auth({ verifier: createVerifier() })];
    const { client } = await serveFixture({ interceptors });
    const forged = fc.constantFrom(...sendable).map(({ token }: Forgery) => token);
    await assert(
      asyncProperty(fc.oneof(mutated, forged), async (token) => {
        const outcome = await callFixture(client, kind, { metadata: bearer(token) }).outcome;
        expect([outcome.code, outcome.messages]).toEqual([status.UNAUTHENTICATED, []]);
        expect(reasons).toContain(reasonIn(outcome));
      }),
      { numRuns: 150 },
    );
    const accepted = await callFixture(client, kind, { metadata: bearer(valid) }).outcome;
    expect(accepted.code).toBe(status.OK);
  });
});
