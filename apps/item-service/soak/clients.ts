import { credentials, type Interceptor } from "@grpc/grpc-js";
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

/** Opens clients of a service. The scope is what their token allows; with "" they have none. */
export type OpenClient = (scope: string) => Client;

const tokenLifeMs = 60_000;

/** Clients as services have them: with retries and circuits, and with tokens that are renewed. */
export function clientsOf({
  address,
  dataFolder,
}: {
  address: string;
  dataFolder: string;
}): OpenClient {
  const auth = developmentAuth(dataFolder);
  const interceptors = new Map<string, readonly Interceptor[]>([["", []]]);
  // Shared, since the service remembers each token that it has seen, up to some thousands.
  const tokensOf = (scope: string): readonly Interceptor[] => {
    const content = { scope, subject: "soak", expiresIn: `${tokenLifeMs / 1_000}s` };
    const withToken = bearerToken({
      target: address,
      credentials: credentials.createInsecure(),
      getToken: async () => ({
        token: await signDevelopmentToken(auth, content),
        expiresAt: Date.now() + tokenLifeMs,
      }),
    });
    return [withToken];
  };
  return (scope) => {
    const known = interceptors.get(scope) ?? tokensOf(scope);
    interceptors.set(scope, known);
    const clients = createClientFactory({
      defaultTimeoutMs: 20_000,
      defaultStreamTimeoutMs: 20_000,
      descriptorSets: [fileDescriptorSet()],
      interceptors: known,
    });
    const channel = clients.createChannel(address, { credentials: "insecure" });
    return {
      items: clients.createStub(ItemServiceService, channel),
      health: clients.createStub(HealthService, channel),
      reflection: clients.createStub(ServerReflectionService, channel),
      close: () => clients.close({ graceMs: 5_000 }),
    };
  };
}
