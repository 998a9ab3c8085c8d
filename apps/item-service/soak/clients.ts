import { credentials } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import { ServerReflectionService } from "@grpc-kit/generated-protos/grpc/reflection/v1";
import { createClientFactory, type Stub } from "@grpc-kit/grpc-client";
import { bearerToken } from "@grpc-kit/grpc-interceptors/client";
import { signDevelopmentToken } from "../src/auth/development-keys.ts";
import { developmentAuth } from "../src/auth-settings.ts";

/** Stubs on connections of their own. */
export interface Client {
  readonly items: Stub<ItemServiceService>;
  readonly health: Stub<HealthService>;
  readonly reflection: Stub<ServerReflectionService>;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly address: string;
  readonly dataFolder: string;
  /** What its token allows. "": it has no token. */
  readonly scope: string;
}

const tokenLifeMs = 60_000;

/** A client as services have it: with tokens that are renewed, retries and circuits. */
export function openClient({ address, dataFolder, scope }: ClientOptions): Client {
  const auth = developmentAuth(dataFolder);
  const content = { scope, subject: "soak", expiresIn: `${tokenLifeMs / 1_000}s` };
  const withToken = bearerToken({
    target: address,
    credentials: credentials.createInsecure(),
    getToken: async () => ({
      token: await signDevelopmentToken(auth, content),
      expiresAt: Date.now() + tokenLifeMs,
    }),
  });
  const clients = createClientFactory({
    defaultTimeoutMs: 20_000,
    defaultStreamTimeoutMs: 20_000,
    descriptorSets: [fileDescriptorSet()],
    interceptors: scope === "" ? [] : [withToken],
  });
  const channel = clients.createChannel(address, { credentials: "insecure" });
  return {
    items: clients.createStub(ItemServiceService, channel),
    health: clients.createStub(HealthService, channel),
    reflection: clients.createStub(ServerReflectionService, channel),
    close: () => clients.close({ graceMs: 5_000 }),
  };
}
