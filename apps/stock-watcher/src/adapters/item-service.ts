import { credentials } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import {
  type CircuitReport,
  createClientFactory,
  type Stub,
  waitForHealthy,
} from "@grpc-kit/grpc-client";
import { toClientOptions } from "@grpc-kit/grpc-client/settings";
import { bearerToken, logging, requestId } from "@grpc-kit/grpc-interceptors/client";
import { metrics } from "@grpc-kit/grpc-interceptors/client/metrics";
import { tracing } from "@grpc-kit/grpc-interceptors/client/tracing";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Settings } from "../settings.ts";
import { readItemToken } from "./item-token.ts";

/** The way to the item service. */
export interface ItemService {
  readonly stub: Stub<ItemServiceService>;
  /** Resolves if the service says that it serves. */
  check(signal: AbortSignal): Promise<void>;
  /** Which methods are not called at the moment. */
  circuits(): readonly CircuitReport[];
  close(): Promise<void>;
}

export interface ItemServiceDependencies {
  readonly settings: Pick<Settings, "client" | "itemService" | "syncTimeoutMs">;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** Makes the one client that all of this process shares. Connects when it is first used. */
export function openItemService(dependencies: ItemServiceDependencies): ItemService {
  const { settings, logger, registry } = dependencies;
  const { address: target, tls, allowPlaintextTokens: allowPlaintext } = settings.itemService;
  const clients = createClientFactory({
    ...toClientOptions(settings.client),
    defaultStreamTimeoutMs: settings.client.defaultTimeoutMs,
    descriptorSets: [fileDescriptorSet()],
    // What observes is outside of what may refuse.
    interceptors: [
      requestId(),
      tracing({ target }),
      metrics({ register: registry, target }),
      logging({ logger }),
      bearerToken({
        target,
        allowPlaintext,
        // Stands for those of the channel, which read their files again.
        credentials: tls === "insecure" ? credentials.createInsecure() : credentials.createSsl(),
        getToken: () => readItemToken(settings.itemService),
        onError: (err) => logger.error({ err }, "there is no token for the item service"),
      }),
    ],
    observer: {
      onCircuitChange: (change) =>
        logger[change.to === "CLOSED" ? "info" : "warn"](change, "circuit"),
    },
  });
  const channel = clients.createChannel(target, { credentials: tls });
  const stub = clients.createStub(ItemServiceService, channel, {
    methods: {
      // The proto cannot promise it of all actions, but a replacement by its sku may be made twice.
      syncItems: { idempotent: true, timeoutMs: settings.syncTimeoutMs },
    },
  });
  return {
    stub,
    check: (signal) =>
      waitForHealthy(channel, { service: "examples.ItemService", timeoutMs: 1_500, signal }),
    circuits: () => clients.circuits(),
    close: () => clients.close({ graceMs: 0 }),
  };
}
