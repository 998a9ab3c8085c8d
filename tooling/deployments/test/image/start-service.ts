import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { InterceptingCall, type Interceptor } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import {
  CreateItemRequest,
  Item,
  ItemServiceService,
  ItemSyncRequest,
} from "@grpc-kit/generated-protos/examples/items";
import { createClientFactory, type Stub } from "@grpc-kit/grpc-client";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { onTestFinished } from "vitest";
import type { BuiltImage } from "./build-image.ts";
import { type Container, makeDataFolder, runImage } from "./run-image.ts";

export interface RunningService {
  readonly container: Container;
  /** As in "127.0.0.1:34567". */
  readonly address: string;
  /** Sends a token with both scopes. */
  readonly items: Stub<typeof ItemServiceService>;
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
  const sendToken: Interceptor = (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set("authorization", `Bearer ${token}`);
        next(metadata, listener);
      },
    });
  const clients = createClientFactory({
    descriptorSets: [fileDescriptorSet()],
    interceptors: [sendToken],
  });
  onTestFinished(() => clients.close());
  const channel = clients.createChannel(address, { credentials: "insecure" });
  return {
    container,
    address,
    items: clients.createStub(ItemServiceService, channel),
  };
}

export function lamp(sku: string): CreateItemRequest {
  return CreateItemRequest.create({ name: "Desk lamp", sku, quantity: 10, price: 24.9 });
}

export function upsert(sku: string): ItemSyncRequest {
  const value = Item.create({ name: "Desk lamp", sku, quantity: 10, price: 24.9 });
  return ItemSyncRequest.create({ action: { $case: "upsert", value } });
}
