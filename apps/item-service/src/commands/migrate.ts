import { openItemStore } from "../adapters/open-item-store.ts";
import { readDatabaseSettings } from "../database-settings.ts";
import { createLogger } from "../log.ts";
import { withoutSecrets } from "../without-secrets.ts";
import { readOptions } from "./arguments.ts";

/** `item-service migrate`: for whoever wants that done before the first new process starts. */
export async function migrate(args: readonly string[]): Promise<void> {
  readOptions(args, {});
  const settings = readDatabaseSettings(process.env);
  const store = await openItemStore(settings, { logger: createLogger(), now: () => new Date() });
  await store.close();
  const done = store.migrations.map((name) => `applied ${name}\n`).join("");
  process.stdout.write(`${done}the database ${withoutSecrets(settings.url)} is up to date\n`);
}
