import { readFileSync } from "node:fs";
import { createJwtVerifier, type JwtVerifier } from "@grpc-kit/grpc-interceptors/server/auth";
import { isStatusError } from "@grpc-kit/grpc-status";
import type { Logger } from "pino";
import type { AuthSettings } from "../auth-settings.ts";
import { withoutSecrets } from "../without-secrets.ts";
import { openDevelopmentKeys } from "./development-keys.ts";

/**
 * What verifies the tokens of callers. Makes the keys of development if it needs them. Rejects with a
 * TypeError for a file without keys and for a key that is too weak; keys from a URL may come later.
 */
export async function createItemVerifier(
  { publicKeyFile, developmentKeys, ...settings }: AuthSettings,
  logger: Logger,
): Promise<JwtVerifier> {
  if (developmentKeys !== undefined) {
    await openDevelopmentKeys(developmentKeys);
  }
  const options = {
    ...settings,
    // A file is looked at for little, so that a new key is known within a second.
    ...(settings.jwksFile !== undefined && { jwksCooldownMs: 1_000 }),
    onKeysError: (err: Error) => logger.error({ err }, "the keys of tokens cannot be read"),
  };
  if (publicKeyFile !== undefined) {
    return orFault("AUTH_PUBLIC_KEY_FILE", publicKeyFile, async () =>
      createJwtVerifier({ ...options, publicKey: readFileSync(publicKeyFile, "utf8") }),
    );
  }
  const verifier = createJwtVerifier(options);
  if (settings.jwksFile !== undefined) {
    try {
      await orFault("AUTH_JWKS_FILE", settings.jwksFile, () => verifier.warmUp());
    } catch (error) {
      verifier.close();
      throw error;
    }
  }
  return verifier;
}

async function orFault<Result>(
  name: string,
  path: string,
  read: () => Promise<Result>,
): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    // The message of a system error repeats the path, which may be a key that is in the wrong place.
    const { code, message } = causeOf(error) as NodeJS.ErrnoException;
    const got = JSON.stringify(withoutSecrets(path));
    throw new TypeError(`${name} must be a file with public keys, got ${got}: ${code ?? message}`);
  }
}

// What callers are told of keys that cannot be read has the reason as its cause.
function causeOf(error: unknown): unknown {
  return isStatusError(error) ? error.cause : error;
}
