import { credentials as grpcCredentials } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { createClientFactory, type Stub, waitForHealthy } from "@grpc-kit/grpc-client";
import { readClientSettings, toClientOptions } from "@grpc-kit/grpc-client/settings";
import { bearerToken } from "@grpc-kit/grpc-interceptors/client";

export type Items = Stub<ItemServiceService>;

export interface ItemsTarget {
  readonly address: string;
  readonly token: string;
  /** The authorities that the service's certificate is trusted by. Default: no TLS. */
  readonly caFile?: string | undefined;
}

export interface ItemsConnection {
  readonly items: Items;
  /** Settles when the service serves. Rejects if it does not within seconds. */
  ready(): Promise<void>;
  /** Cancels what runs. */
  close(): Promise<void>;
}

const patienceMs = 2_000;

/** Connects to an item-service. */
export function connectItems({ address, token, caFile }: ItemsTarget): ItemsConnection {
  const settings = readClientSettings();
  const isSecure = caFile !== undefined;
  const sender = bearerToken({
    target: address,
    credentials: isSecure ? grpcCredentials.createSsl() : grpcCredentials.createInsecure(),
    getToken: () => ({ token }),
  });
  const clients = createClientFactory({
    ...toClientOptions(settings),
    // Most of its streams are short.
    defaultStreamTimeoutMs: settings.defaultTimeoutMs,
    descriptorSets: [fileDescriptorSet()],
    interceptors: [sender],
  });
  const credentials = isSecure ? { caFile } : "insecure";
  const channel = clients.createChannel(address, { credentials });
  return {
    items: clients.createStub(ItemServiceService, channel),
    async ready() {
      try {
        await channel.waitForReady({ timeoutMs: patienceMs });
      } catch (cause) {
        const text = `no service answers at ${channel.target}; start one with: npm start`;
        throw new Error(text, { cause });
      }
      await waitForHealthy(channel, { service: "examples.ItemService", timeoutMs: patienceMs });
    },
    close: () => clients.close({ graceMs: 0 }),
  };
}
