import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWTPayload,
  SignJWT,
} from "jose";
import { z } from "zod";
import type { DevelopmentAuth } from "../auth-settings.ts";

const algorithm = "ES256";
const privateFile = "private.jwk.json";
const publicFile = "jwks.json";
const privateJwk = z.looseObject({ kid: z.string(), d: z.string() });
const publicJwks = z.object({ keys: z.array(z.object({ kid: z.string() })) });

/** What a token says. */
export interface TokenContent {
  /** Scopes with spaces between them. */
  readonly scope: string;
  readonly subject: string;
  /** From now, as jose has it: "8h". */
  readonly expiresIn: string;
}

/** Makes the key pair if there is none yet, and signs a token with it. */
export async function signDevelopmentToken(
  { issuer, audience, developmentKeys }: DevelopmentAuth,
  { scope, subject, expiresIn }: TokenContent,
): Promise<string> {
  const { kid, key } = await openDevelopmentKeys(developmentKeys);
  return new SignJWT({ scope } satisfies JWTPayload)
    .setProtectedHeader({ alg: algorithm, kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime(expiresIn)
    .sign(key);
}

/**
 * Makes the key pair in `folder` if there is none yet. Whichever process comes first makes it, and
 * all others take that one. Throws an Error that says what to do if it is there and broken.
 */
export async function openDevelopmentKeys(
  folder: string,
): Promise<{ readonly kid: string; readonly key: CryptoKey }> {
  if (!existsSync(folder)) {
    await makeKeys(folder).catch((cause: Error) => {
      const what = `no keys for development can be made: ${cause.message}`;
      throw new Error(`${what}; set DATA_DIR to a folder that can be written`, { cause });
    });
  }
  return readKeys(folder).catch((cause: Error) => {
    const what = `the development keys in ${folder} cannot be used: ${cause.message}`;
    throw new Error(`${what}; remove that folder, and new ones are made`, { cause });
  });
}

// A folder appears with all that is in it, and takes the place of no other that has something in it:
// https://pubs.opengroup.org/onlinepubs/9799919799/functions/rename.html
async function makeKeys(folder: string): Promise<void> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const names = { kid: await calculateJwkThumbprint(publicJwk), alg: algorithm, use: "sig" };
  const draft = `${folder}-${randomUUID()}`;
  await mkdir(dirname(folder), { recursive: true });
  await mkdir(draft, { mode: 0o700 });
  try {
    const write = (file: string, content: unknown) =>
      writeFile(join(draft, file), `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
    await write(privateFile, { ...(await exportJWK(privateKey)), ...names });
    await write(publicFile, { keys: [{ ...publicJwk, ...names }] });
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another process was first.
    if (!existsSync(folder)) {
      throw error;
    }
  }
}

async function readKeys(folder: string): Promise<{ kid: string; key: CryptoKey }> {
  const jwk = privateJwk.safeParse(await readJson(folder, privateFile)).data;
  const known = publicJwks.safeParse(await readJson(folder, publicFile)).data;
  if (jwk === undefined || known?.keys.some(({ kid }) => kid === jwk.kid) !== true) {
    throw new Error(`${privateFile} and ${publicFile} must be of one pair`);
  }
  const key = await importJWK(jwk, algorithm);
  if (key instanceof Uint8Array) {
    throw new Error(`${privateFile} must have a private key for ${algorithm}`);
  }
  return { kid: jwk.kid, key };
}

async function readJson(folder: string, file: string): Promise<unknown> {
  const text = await readFile(join(folder, file), "utf8");
  try {
    return JSON.parse(text);
  } catch {
    // What JSON.parse throws repeats the text, and that is a private key.
    throw new Error(`${file} must be JSON`);
  }
}
