import { generateKeyPairSync } from "node:crypto";
import {
  createJwtVerifier,
  type JwtVerifierOptions,
} from "@grpc-kit/grpc-interceptors/server/auth";
import { forgeries } from "@grpc-kit/testing/forgeries";
import { pemOf } from "@grpc-kit/testing/token-forge";
import type { Harness } from "../../harness/harness.ts";
import { inLanes } from "../../harness/in-lanes.ts";
import { missUnless } from "../../harness/judge.ts";
import type { Outcome, Row } from "../../row.ts";
import { accepted, callWith, freshToken, type KeyService, serviceWithKey } from "./key-service.ts";

// Headers cannot carry the others.
const sendable = /^[\x21-\x7e]+$/;

/** Sends the forgeries of the row, and one good token, without which nothing would be shown. */
export async function sendForgeries(
  { caller, tokens }: KeyService,
  row: string,
  elsewhere?: string,
): Promise<Outcome> {
  const corpus = forgeries(tokens, elsewhere).filter(
    (each) => each.row === row && sendable.test(each.token),
  );
  const answers = await inLanes(corpus, 8, async ({ name, token }) => ({
    name,
    answer: await callWith(caller, { authorization: `Bearer ${token}` }),
  }));
  // What is longer than all metadata together may be is refused before anybody looks at it.
  const isRefused = (answer: string): boolean =>
    answer === "UNAUTHENTICATED" || answer === "RESOURCE_EXHAUSTED";
  const good = await callWith(caller, { authorization: `Bearer ${freshToken(tokens)}` });
  const texts = new Set(answers.map(({ answer }) => `${answer.name}: ${answer.message}`));
  const wrong = answers.filter(({ answer }) => !isRefused(answer.name));
  return {
    measured: `${corpus.length - wrong.length} of ${corpus.length} forgeries refused, with ${texts.size} texts`,
    misses: [
      ...missUnless(corpus.length > 0, "there are no forgeries"),
      ...wrong.map(({ name, answer }) => `"${name}" ended with ${answer.name}`),
      ...missUnless(good.name === accepted, `a good token ended with ${good.name}`),
    ],
  };
}

function forgedRow(id: string, fault: string, promise: string): Row {
  const run = async (harness: Harness): Promise<Outcome> =>
    sendForgeries(await serviceWithKey(harness), id);
  return { id, fault, promise, isQuick: true, run };
}

export const unsigned: Row = forgedRow(
  "D1",
  "Tokens with alg none, in any spelling, or without a signature",
  "each is UNAUTHENTICATED",
);

export const unlimited: Row = forgedRow(
  "D5",
  "Tokens without exp, or with one that is no time, is past or too far",
  "each is UNAUTHENTICATED",
);

export const confused: Row = {
  id: "D2",
  fault: "Tokens signed by HS256 with the issuer's public key as the secret",
  promise: "each is UNAUTHENTICATED; a verifier that would take both sorts cannot be made",
  isQuick: true,
  async run(harness) {
    const { measured, misses } = await sendForgeries(await serviceWithKey(harness), "D2");
    const mixed = mixedOptions();
    const made = mixed.filter(([, options]) => isMade(options));
    return {
      measured: `${measured}; ${mixed.length - made.length} of ${mixed.length} mixtures of options refused`,
      misses: [...misses, ...made.map(([name]) => `a verifier was made with ${name}`)],
    };
  },
};

type Named = readonly [name: string, options: Partial<JwtVerifierOptions>];

function mixedOptions(): readonly Named[] {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return [
    ["a public key as the secret", { secret: pemOf(publicKey) }],
    [
      "a private key as the secret",
      { secret: String(privateKey.export({ type: "pkcs8", format: "pem" })) },
    ],
    ["a JWK as the secret", { secret: JSON.stringify(publicKey.export({ format: "jwk" })) }],
    ["HS256 beside RS256", { publicKey, algorithms: ["RS256", "HS256"] }],
    ["HS256 for a public key", { publicKey, algorithms: ["HS256"] }],
    ["RS256 for a secret", { secret: "s".repeat(64), algorithms: ["RS256"] }],
    ["a public key and a secret", { publicKey, secret: "s".repeat(64) }],
  ];
}

/** Whether a verifier can be made with the options. */
export function isMade(options: Partial<JwtVerifierOptions>): boolean {
  try {
    createJwtVerifier({ issuer: "https://login.example.com", audience: "a", ...options }).close();
    return true;
  } catch {
    return false;
  }
}

export const misdirected: Row = {
  id: "D6",
  fault: "Tokens of another issuer, for another audience, without a subject, or of another type",
  promise: "each is UNAUTHENTICATED; also of another type, where one is asked for",
  isQuick: true,
  async run(harness) {
    const target = await serviceWithKey(harness);
    const { measured, misses } = await sendForgeries(target, "D6");
    const { issuer, audience, rsa } = target.tokens;
    const verifier = createJwtVerifier({
      issuer,
      audience,
      publicKey: rsa.publicKey,
      type: "at+jwt",
    });
    const taken: unknown[] = [];
    const types = [undefined, "JWT", "id+jwt", "at", "", "at+jwt "];
    for (const typ of types) {
      try {
        await verifier.verify(freshToken(target.tokens, { typ }));
        taken.push(typ);
      } catch {
        // As it should.
      }
    }
    await verifier.verify(freshToken(target.tokens, { typ: "at+jwt" }));
    verifier.close();
    return {
      measured: `${measured}; ${types.length - taken.length} of ${types.length} other types refused`,
      misses: [
        ...misses,
        ...taken.map((typ) => `the type ${JSON.stringify(typ)} was taken for at+jwt`),
      ],
    };
  },
};
