import { startItemService } from "./service.ts";
import { readSettings, type Settings } from "./settings.ts";

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const { address, stop } = await startItemService(settings);
  process.stdout.write(greeting(settings, address.port));
  const onSignal = (): void => {
    process.stdout.write("\nitem-service is stopping; again to stop at once\n");
    process.once("SIGINT", () => process.exit(1)).once("SIGTERM", () => process.exit(1));
    stop().then(() => process.exit(0), fail);
  };
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
}

function greeting({ grpcServerHost, databaseUrl }: Settings, port: number): string {
  return [
    `item-service listens on ${grpcServerHost}:${port}`,
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
