import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Harness } from "../../harness/harness.ts";
import type { Service } from "../../harness/service.ts";

/** What the error of the database tells the service. The log has it, and nobody else may. */
export const secret = "S3CR3T";

export interface SpoiledStore {
  /** Skus that begin so cannot be created: the database says the secret instead. */
  readonly badSku: string;
  /** From now on nothing can be done: the table of the items is gone, and the error of that names the secret. */
  loseItems(): void;
  restoreItems(): void;
}

/** Opens the SQLite file of a service behind its back, and has it fail as a store does that somebody has damaged. */
export function spoilStore(harness: Harness, service: Service): SpoiledStore {
  const database = new DatabaseSync(join(service.dataFolder, "item-service.db"), {
    timeout: 5_000,
  });
  harness.onEnd(() => database.close());
  const badSku = "bad-";
  const message = `${secret} postgres://shop:${secret}@db/items`;
  database.exec(
    `CREATE TRIGGER IF NOT EXISTS spoiled BEFORE INSERT ON items WHEN NEW.sku LIKE '${badSku}%'
     BEGIN SELECT RAISE(ABORT, '${message}'); END`,
  );
  return {
    badSku,
    loseItems: () =>
      database.exec(
        `ALTER TABLE items RENAME TO ${secret}_kept; CREATE VIEW items AS SELECT * FROM ${secret}_gone`,
      ),
    restoreItems: () =>
      database.exec(`DROP VIEW items; ALTER TABLE ${secret}_kept RENAME TO items`),
  };
}
