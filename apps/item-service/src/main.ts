import { runUntilSignal, type ServerAddress } from "@grpc-kit/grpc-server";
import { toStopOptions } from "@grpc-kit/grpc-server/settings";
import { runWorkers } from "@grpc-kit/grpc-server/workers";
import { createItemService } from "./service.ts";
import { readSettings, type Settings } from "./settings.ts";

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const { enabled, maxWorkers } = settings.server;
  if (!enabled) {
    process.stdout.write("item-service has nothing to do: GRPC_SERVER_ENABLED is false\n");
    return;
  }
  if (maxWorkers === 1) {
    await serve(settings);
  } else {
    await runWorkers(() => serve(settings), { maxWorkers });
  }
}

async function serve(settings: Settings): Promise<void> {
  await runUntilSignal(await createItemService(settings), {
    ...toStopOptions(settings.server),
    onStarted: (address) => process.stdout.write(greeting(settings, address)),
    onSignal: () => process.stdout.write("\nitem-service is stopping; again to stop at once\n"),
  });
}

function greeting({ server, databaseUrl }: Settings, { target }: ServerAddress): string {
  return [
    `item-service listens on ${target}${server.insecure === true ? ", without encryption" : ""}`,
    `its items are kept in ${databaseUrl}`,
    "",
    "next, in another terminal: npm run demo",
    "",
  ].join("\n");
}

function fail(error: unknown): never {
  process.stderr.write(`item-service: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

main().catch(fail);
