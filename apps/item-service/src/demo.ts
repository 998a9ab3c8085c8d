import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { createClientFactory, type GrpcChannel, waitForHealthy } from "@grpc-kit/grpc-client";
import { readClientSettings, toClientOptions } from "@grpc-kit/grpc-client/settings";
import { tour } from "./demo/tour.ts";

const patienceMs = 2_000;

/** `demo [address]` calls a running item-service. Default: 127.0.0.1, on GRPC_SERVER_PORT or 50051. */
async function main(): Promise<void> {
  const address = process.argv[2] ?? `127.0.0.1:${process.env.GRPC_SERVER_PORT ?? "50051"}`;
  const settings = readClientSettings();
  const clients = createClientFactory({
    ...toClientOptions(settings),
    // Its streams are short.
    defaultStreamTimeoutMs: settings.defaultTimeoutMs,
    descriptorSets: [fileDescriptorSet()],
  });
  try {
    const channel = clients.createChannel(address, { credentials: "insecure" });
    await serving(channel);
    process.stdout.write(`item-service at ${address}\n\n`);
    const items = clients.createStub(ItemServiceService, channel);
    await tour(items, `demo-${Date.now().toString(36)}`);
  } finally {
    await clients.close();
  }
}

async function serving(channel: GrpcChannel): Promise<void> {
  try {
    await channel.waitForReady({ timeoutMs: patienceMs });
  } catch (cause) {
    const text = `no service answers at ${channel.target}; start one with: npm start`;
    throw new Error(text, { cause });
  }
  await waitForHealthy(channel, { service: "examples.ItemService", timeoutMs: patienceMs });
}

main().catch((error: unknown) => {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
