import { redactGrpcJsLogs } from "@grpc-kit/grpc-interceptors/metadata";
import { runUntilSignal, type ServerAddress } from "@grpc-kit/grpc-server";
import { type AdminPort, startAdminPort } from "@grpc-kit/grpc-server/admin-port";
import { toStopOptions } from "@grpc-kit/grpc-server/settings";
import {
  createLogger,
  endOnSignalsAsFirstProcess,
  startTelemetry,
} from "@grpc-kit/item-service/shared";
import { Registry } from "prom-client";
import { createStockService } from "./service.ts";
import { readSettings, type Settings } from "./settings.ts";

const packageUrl = new URL("../package.json", import.meta.url);

async function main(): Promise<void> {
  redactGrpcJsLogs();
  endOnSignalsAsFirstProcess();
  const settings = readSettings(process.env);
  if (!settings.server.enabled) {
    process.stdout.write("stock-watcher has nothing to do: GRPC_SERVER_ENABLED is false\n");
    return;
  }
  const logger = createLogger({ level: settings.logLevel });
  const registry = new Registry();
  const telemetry = startTelemetry(settings.telemetry, { logger, packageUrl });
  const { server, isReady } = await createStockService(settings, { logger, registry });
  const { adminHost: host, adminPort: port } = settings;
  const admin = await startAdminPort({ host, port, registry, isReady, title: "stock-watcher" });
  server.addCleanup("telemetry", () => telemetry.close());
  server.addCleanup("admin", () => admin.close());
  await runUntilSignal(server, {
    ...toStopOptions(settings.server),
    onStarted: (address) => process.stdout.write(greeting(settings, address, admin)),
    onSignal: () => process.stdout.write("\nstock-watcher is stopping; again to stop at once\n"),
  });
  // All is closed. Spans on their way to a collector that hangs would hold the process.
  process.exit();
}

function greeting(
  { server, itemService, stockFile }: Settings,
  { target }: ServerAddress,
  { url }: AdminPort,
): string {
  return [
    `stock-watcher listens on ${target}${server.insecure === true ? ", without encryption" : ""}`,
    `it keeps the items at ${itemService.address} as ${stockFile} says`,
    `watch it at ${url}`,
    "",
  ].join("\n");
}

main().catch((error: unknown) => {
  process.stderr.write(
    `stock-watcher: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
});
