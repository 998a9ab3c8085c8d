import { credentials } from "@grpc/grpc-js";
import { ItemServiceClient } from "@grpc-kit/generated-protos/examples/items";
import { tour } from "./demo/tour.ts";

const connectTimeoutMs = 2_000;

/** `demo [address]` calls a running item-service. Default: 127.0.0.1, on GRPC_SERVER_PORT or 50051. */
async function main(): Promise<void> {
  const address = process.argv[2] ?? `127.0.0.1:${process.env.GRPC_SERVER_PORT ?? "50051"}`;
  const client = new ItemServiceClient(address, credentials.createInsecure());
  try {
    await connected(client, address);
    process.stdout.write(`item-service at ${address}\n\n`);
    await tour(client, `demo-${Date.now().toString(36)}`);
  } finally {
    client.close();
  }
}

async function connected(client: ItemServiceClient, address: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + connectTimeoutMs, (error) => {
      if (error === undefined) {
        resolve();
      } else {
        reject(new Error(`no service answers at ${address}; start one with: npm start`));
      }
    });
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
