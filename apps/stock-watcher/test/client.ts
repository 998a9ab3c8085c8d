import { credentials, type ServiceDefinition } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { type Item, ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { createClientFactory, type Stub } from "@grpc-kit/grpc-client";
import { bearerToken } from "@grpc-kit/grpc-interceptors/client";
import { developmentAuth, signDevelopmentToken } from "@grpc-kit/item-service/shared";
import { onTestFinished } from "vitest";

/** A stub that may call all, by the keys in the data folder. It closes with the test. */
export function stubOf<Definition extends ServiceDefinition>(
  definition: Definition,
  { address }: { readonly address: string },
  dataFolder: string,
): Stub<Definition> {
  const content = { scope: "items:read items:write", subject: "test", expiresIn: "1h" };
  const clients = createClientFactory({
    defaultStreamTimeoutMs: 30_000,
    descriptorSets: [fileDescriptorSet()],
    circuitBreaker: false,
    interceptors: [
      bearerToken({
        target: address,
        credentials: credentials.createInsecure(),
        getToken: async () => ({
          token: await signDevelopmentToken(developmentAuth(dataFolder), content),
        }),
      }),
    ],
  });
  onTestFinished(() => clients.close({ graceMs: 0 }));
  return clients.createStub(
    definition,
    clients.createChannel(address, { credentials: "insecure" }),
  );
}

/** How many there are of each sku, as the item service has it: "lamp-1 3". */
export async function listStock(
  service: { readonly address: string },
  dataFolder: string,
): Promise<readonly string[]> {
  const stub = stubOf(ItemServiceService, service, dataFolder);
  const items: Item[] = [];
  for await (const item of stub.listItems({ pageSize: 1_000, pageToken: "", filter: "" })) {
    items.push(item);
  }
  return items.map(({ sku, quantity }) => `${sku} ${quantity}`).sort();
}

/** Lines of a stock file: "lamp-1 3" is one, and anything else is as it stands. */
export function stockLines(...lines: readonly string[]): string {
  return lines
    .map((line) => {
      const [, sku, quantity] = /^(\S+) (\d+)$/.exec(line) ?? [];
      return sku === undefined
        ? line
        : JSON.stringify({ sku, name: "Lamp", quantity: Number(quantity), price: 9.5 });
    })
    .map((line) => `${line}\n`)
    .join("");
}
