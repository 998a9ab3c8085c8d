import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Harness } from "../../harness/harness.ts";
import type { Service } from "../../harness/service.ts";

/** Some item-services that have the same items. */
export interface Replicas {
  readonly services: readonly Service[];
  readonly targets: readonly string[];
  readonly token: string;
  /** Stops one, or kills it, and starts another in its place. */
  replace(index: number, how: "stop" | "kill"): Promise<void>;
  /** The skus of all items, in order. */
  skus(): readonly string[];
}

export async function startReplicas(
  harness: Harness,
  count: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Replicas> {
  const folder = mkdtempSync(join(tmpdir(), "faults-replicas-"));
  harness.onEnd(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "items.db");
  const start = (port: number): Promise<Service> =>
    harness.service({
      own: true,
      env: {
        LOG_LEVEL: "error",
        DATABASE_URL: `sqlite:${file}`,
        GRPC_SERVER_PORT: String(port),
        ...env,
      },
    });
  // The first makes the tables.
  const services = [await start(0)];
  services.push(...(await Promise.all(Array.from({ length: count - 1 }, () => start(0)))));
  return {
    services,
    targets: services.map(({ address }) => address),
    token: services[0]?.token() ?? "",
    async replace(index, how) {
      const old = services[index];
      if (how === "kill") {
        old?.kill("SIGKILL");
      }
      await old?.stop();
      services[index] = await start(old?.port ?? 0);
    },
    skus() {
      const database = new DatabaseSync(file, { timeout: 30_000 });
      try {
        const rows = database.prepare("SELECT sku FROM items ORDER BY sku").all();
        return rows.map(({ sku }) => String(sku));
      } finally {
        database.close();
      }
    },
  };
}
