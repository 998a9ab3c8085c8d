import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { onTestFinished } from "vitest";
import { createItemStub, type ItemStub } from "../item-stub.ts";
import type { BuiltImage } from "./build-image.ts";
import { type Container, makeDataFolder, runImage } from "./run-image.ts";

export interface RunningService {
  readonly container: Container;
  /** As in "127.0.0.1:34567". */
  readonly address: string;
  /** Sends a token with both scopes. */
  readonly items: ItemStub;
}

/** What production must say of its tokens. */
export const issuerEnv: Readonly<Record<string, string>> = {
  AUTH_ISSUER: "https://issuer.example",
  AUTH_AUDIENCE: "item-service",
  AUTH_PUBLIC_KEY_FILE: "/data/issuer.pem",
};

/** Runs item-service out of its image, as in production, and resolves once it listens. */
export async function startService(
  image: BuiltImage,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningService> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const dataFolder = makeDataFolder(image);
  writeFileSync(join(dataFolder, "issuer.pem"), await exportSPKI(publicKey));
  const container = runImage(image, {
    dataFolder,
    env: {
      ...issuerEnv,
      GRPC_SERVER_INSECURE: "true",
      GRPC_SERVER_HOST: "127.0.0.1",
      GRPC_SERVER_PORT: "0",
      GRPC_SERVER_DRAIN_DELAY_MS: "0",
      ADMIN_PORT: "0",
      ...env,
    },
  });
  const address = await container.find(/listens on ([^\s,]+)/);
  const token = await new SignJWT({ scope: "items:read items:write" })
    .setProtectedHeader({ alg: "ES256" })
    .setIssuer("https://issuer.example")
    .setAudience("item-service")
    .setSubject("test")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(privateKey);
  const { items, close } = createItemStub(address, { token });
  onTestFinished(close);
  return { container, address, items };
}
