import { readAuthSettings } from "../auth-settings.ts";
import type { Environment } from "../read-variables.ts";
import { signDevelopmentToken, type TokenContent } from "./development-keys.ts";

/** A token, and the folder with the keys that it is signed with. */
export interface DevelopmentToken {
  readonly token: string;
  readonly folder: string;
}

/** Makes a token for the service that these variables are of. Throws an Error if it takes others. */
export async function makeDevelopmentToken(
  environment: Environment,
  content: TokenContent,
): Promise<DevelopmentToken> {
  const issuer = environment.AUTH_ISSUER ?? "the issuer that AUTH_ISSUER is to name";
  if (environment.NODE_ENV === "production") {
    throw new Error(`in production no tokens are made for development: get one from ${issuer}`);
  }
  const { developmentKeys, ...auth } = readAuthSettings(environment);
  if (developmentKeys === undefined) {
    const what = "the AUTH_ variables say that tokens are somebody else's";
    throw new Error(`${what}: get one from ${issuer}, or unset them`);
  }
  const token = await signDevelopmentToken({ ...auth, developmentKeys }, content);
  return { token, folder: developmentKeys };
}
