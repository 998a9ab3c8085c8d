import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { onTestFinished } from "vitest";
import { describeItemStore, type ItemDatabase } from "../contract/item-store.contract.ts";
import { openSqliteItemStore } from "./item-store.ts";

async function createSqliteDatabase(): Promise<ItemDatabase> {
  const folder = mkdtempSync(join(tmpdir(), "item-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "items.db");
  return {
    async open(now = () => new Date()) {
      const store = await openSqliteItemStore({ path, now });
      onTestFinished(() => store.close());
      return store;
    },
    async countKeys() {
      const database = new DatabaseSync(path, { readOnly: true });
      try {
        const row = database.prepare("SELECT count(*) AS count FROM idempotency_keys").get();
        return Number(row?.count);
      } finally {
        database.close();
      }
    },
  };
}

describeItemStore("the item store on SQLite", createSqliteDatabase);
