import { readFile } from "node:fs/promises";
import type { BearerToken } from "@grpc-kit/grpc-interceptors/client";
import { signDevelopmentToken } from "@grpc-kit/item-service/shared";
import type { Settings } from "../settings.ts";

// A file is read again when half of this is over, so that a token may be put in its place.
const fileLifeMs = 60_000;

/**
 * Gets a token for the item service: out of the file, or, where there is none to be, made with the keys
 * of development.
 */
export async function readItemToken({
  tokenFile,
  developmentAuth,
}: Settings["itemService"]): Promise<BearerToken> {
  if (tokenFile !== undefined) {
    const token = (await readFile(tokenFile, "utf8")).trim();
    return { token, expiresAt: Date.now() + fileLifeMs };
  }
  const content = {
    scope: "items:read items:write",
    subject: "stock-watcher",
    expiresIn: "1h",
  };
  const token = await signDevelopmentToken(developmentAuth, content);
  return { token, expiresAt: Date.now() + 3_600_000 };
}
