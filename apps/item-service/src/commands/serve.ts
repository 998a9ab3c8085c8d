import cluster from "node:cluster";
import { runUntilSignal, type ServerAddress } from "@grpc-kit/grpc-server";
import { type AdminPort, startAdminPort } from "@grpc-kit/grpc-server/admin-port";
import { toStopOptions } from "@grpc-kit/grpc-server/settings";
import { runWorkers, type WorkersEvent } from "@grpc-kit/grpc-server/workers";
import type { Logger } from "pino";
import { Registry } from "prom-client";
import { createLogger, logWorkersEvents } from "../log.ts";
import { createItemService } from "../service.ts";
import { readSettings, type Settings } from "../settings.ts";
import { toSettingsRecord } from "../settings-record.ts";
import { startTelemetry } from "../telemetry.ts";
import { withoutSecrets } from "../without-secrets.ts";
import { readOptions } from "./arguments.ts";

const title = "item-service";

/** `item-service serve`: one process, or as many workers as GRPC_SERVER_MAX_WORKERS says. */
export async function serve(args: readonly string[]): Promise<void> {
  readOptions(args, {});
  const settings = readSettings(process.env);
  const { enabled, maxWorkers } = settings.server;
  if (!enabled) {
    print("item-service has nothing to do: GRPC_SERVER_ENABLED is false");
    return;
  }
  const logger = createLogger({ level: settings.logLevel });
  if (cluster.isPrimary) {
    logger.info(toSettingsRecord(settings, process.env), "settings");
  }
  const registry = new Registry();
  const { adminHost: host, adminPort: port } = settings;
  if (maxWorkers > 1) {
    // The defaults are those of runUntilSignal.
    const { graceMs = 20_000, drainDelayMs = 5_000 } = toStopOptions(settings.server);
    await runWorkers(() => serveCalls(settings, { logger, registry }), {
      maxWorkers,
      metrics: { host, port, registry, title },
      // A worker that still closes what it has opened is not killed.
      stopTimeoutMs: Math.min(graceMs + drainDelayMs + 10_000, 2 ** 31 - 1),
      onEvent: watchWorkers(logger),
    });
  } else {
    // As the health service says, which is made later: see operator-metrics.ts.
    const isReady = async () => {
      const gauge = await registry.getSingleMetric("grpc_kit_ready")?.get();
      return gauge?.values[0]?.value === 1;
    };
    const admin = await startAdminPort({ host, port, registry, title, isReady });
    await serveCalls(settings, { logger, registry, admin });
  }
  // All is closed. Spans on their way to a collector that hangs would hold the process.
  process.exit();
}

interface ServeParts {
  readonly logger: Logger;
  readonly registry: Registry;
  /** Closes with the server. */
  readonly admin?: AdminPort;
}

async function serveCalls(
  settings: Settings,
  { logger, registry, admin }: ServeParts,
): Promise<void> {
  const telemetry = startTelemetry(settings.telemetry, { logger });
  const service = await createItemService(settings, { logger, registry });
  service.addCleanup("telemetry", () => telemetry.close());
  service.addCleanup("admin", () => admin?.close());
  await runUntilSignal(service, {
    ...toStopOptions(settings.server),
    onStarted: (address) => {
      // Of several workers the first speaks for all.
      if ((cluster.worker?.id ?? 1) === 1) {
        print(greeting(settings, address, admin));
      }
    },
    onSignal: () => {
      if (cluster.isPrimary) {
        print(farewell);
      }
    },
  });
}

function watchWorkers(logger: Logger): (event: WorkersEvent) => void {
  const log = logWorkersEvents(logger);
  return (event) => {
    log(event);
    if (event.type === "metrics_listening") {
      const { host, port } = event;
      print(adminLine(`http://${host.includes(":") ? `[${host}]` : host}:${port}`));
    } else if (event.type === "stop_started") {
      print(farewell);
    }
  };
}

function greeting(
  { server, database, auth }: Settings,
  { target }: ServerAddress,
  admin: AdminPort | undefined,
): string {
  return [
    `item-service listens on ${target}${server.insecure === true ? ", without encryption" : ""}`,
    `its items are kept in ${withoutSecrets(database.url)}`,
    auth.developmentKeys === undefined
      ? `callers need a token of ${auth.issuer}`
      : "callers need a token: npm run token",
    ...(admin === undefined ? [] : [adminLine(admin.url)]),
    "",
    "next, in another terminal: npm run demo",
  ].join("\n");
}

function adminLine(url: string): string {
  return `its live page is at ${url}/ and its metrics are at ${url}/metrics`;
}

const farewell = "\nitem-service is stopping; again to stop at once";

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
