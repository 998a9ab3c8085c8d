import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import {
  type ChannelCredentials,
  type ClientOptions,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { ItemServiceClient } from "@grpc-kit/generated-protos/examples/items";
import {
  HealthCheckResponse_ServingStatus,
  HealthClient,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import type { CallerTls } from "./service.ts";

/** What a client has to know of a service. */
export interface Callee {
  readonly address: string;
  readonly tls: CallerTls | undefined;
}

/** Nothing is repeated, and connections are shared with nobody. */
export const clientOptions: ClientOptions = {
  "grpc.enable_retries": 0,
  "grpc.use_local_subchannel_pool": 1,
  // Of TLS: an address is no name that it may ask for.
  "grpc.ssl_target_name_override": "localhost",
};

export function credentialsFor({ tls }: Pick<Callee, "tls">): ChannelCredentials {
  if (tls === undefined) {
    return credentials.createInsecure();
  }
  const { caFile, certFile, keyFile } = tls;
  const [key, cert] = [keyFile, certFile].map((file) =>
    file === undefined ? null : readFileSync(file),
  );
  return credentials.createSsl(readFileSync(caFile), key, cert);
}

/** A client of grpc-js alone. Close it. */
export function createItemClient(callee: Callee): ItemServiceClient {
  return new ItemServiceClient(callee.address, credentialsFor(callee), clientOptions);
}

/** The metadata of a caller who has a token. */
export function authorized(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

/** Creates an item whose sku nobody else has, and gives its id. */
export async function createItem(client: ItemServiceClient, token: string): Promise<string> {
  const sku = `faults-${crypto.randomUUID()}`;
  const request = { name: "Desk lamp", description: "It glows", sku, quantity: 10, price: 24.9 };
  const deadline = Date.now() + 10_000;
  return new Promise((resolve, reject) => {
    client.createItem(request, authorized(token), { deadline }, (error, item) =>
      error === null ? resolve(item.id) : reject(error),
    );
  });
}

/** How a call of health ended: the name of the health, or of the status code. */
export async function checkHealth(
  callee: Callee,
  { service = "readiness", timeoutMs = 1_000 }: { service?: string; timeoutMs?: number } = {},
): Promise<string> {
  const client = new HealthClient(callee.address, credentialsFor(callee), clientOptions);
  try {
    return await new Promise((resolve) => {
      client.check(
        { service },
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
        (error: ServiceError | null, reply) =>
          resolve(error === null ? nameOfHealth(reply.status) : (status[error.code] ?? "no code")),
      );
    });
  } finally {
    client.close();
  }
}

function nameOfHealth(health: HealthCheckResponse_ServingStatus): string {
  const names = Object.entries(HealthCheckResponse_ServingStatus);
  return names.find(([, value]) => value === health)?.[0] ?? String(health);
}

/** Rejects if it does not serve within ten seconds. */
export async function waitUntilServing(callee: Callee): Promise<void> {
  const endMs = performance.now() + 10_000;
  for (;;) {
    const health = await checkHealth(callee);
    if (health === "SERVING") {
      return;
    }
    if (performance.now() > endMs) {
      throw new Error(
        `item-service says ${health} after 10 s: give the row's service until: "listening" if that is meant`,
      );
    }
    await delay(10);
  }
}
