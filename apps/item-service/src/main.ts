import { redactGrpcJsLogs } from "@grpc-kit/grpc-interceptors/metadata";
import { runUntilSignal, type ServerAddress } from "@grpc-kit/grpc-server";
import { toStopOptions } from "@grpc-kit/grpc-server/settings";
import { runWorkers } from "@grpc-kit/grpc-server/workers";
import { Registry } from "prom-client";
import { type Admin, startAdmin } from "./admin.ts";
import { createItemService } from "./service.ts";
import { readSettings, type Settings } from "./settings.ts";
import { startTracing } from "./telemetry.ts";

async function main(): Promise<void> {
  redactGrpcJsLogs();
  const settings = readSettings(process.env);
  const { enabled, maxWorkers } = settings.server;
  if (!enabled) {
    process.stdout.write("item-service has nothing to do: GRPC_SERVER_ENABLED is false\n");
    return;
  }
  const registry = new Registry();
  const { adminHost: host, adminPort: port } = settings;
  if (maxWorkers === 1) {
    const admin = await startAdmin({ host, port, registry });
    await serve(settings, registry, admin);
  } else {
    const metrics = { host, port, registry };
    await runWorkers(() => serve(settings, registry), { maxWorkers, metrics });
  }
}

/** `admin` closes with the server. */
async function serve(settings: Settings, registry: Registry, admin?: Admin): Promise<void> {
  const spans = startTracing(settings);
  const service = await createItemService(settings, { registry });
  service.addCleanup("spans", () => spans.close());
  service.addCleanup("admin", () => admin?.close());
  await runUntilSignal(service, {
    ...toStopOptions(settings.server),
    onStarted: (address) => process.stdout.write(greeting(settings, address, admin)),
    onSignal: () => process.stdout.write("\nitem-service is stopping; again to stop at once\n"),
  });
}

function greeting(
  { server, databaseUrl, auth }: Settings,
  { target }: ServerAddress,
  admin: Admin | undefined,
): string {
  return [
    `item-service listens on ${target}${server.insecure === true ? ", without encryption" : ""}`,
    `its items are kept in ${databaseUrl}`,
    auth === undefined ? "anybody may call it: no AUTH_ variable is set" : "callers need a token",
    ...(admin === undefined ? [] : [`its metrics are at ${admin.url}/metrics`]),
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
