import { DatabaseSync } from "node:sqlite";
import { onTestFinished } from "vitest";

/** Keeps everybody else from writing, as another process in a long transaction does. Returns what ends it. */
export function holdDatabase(path: string): () => void {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  database.exec("BEGIN IMMEDIATE");
  let isHeld = true;
  const release = (): void => {
    if (isHeld) {
      isHeld = false;
      database.close();
    }
  };
  onTestFinished(release);
  return release;
}

/** The skus of all items in the file, oldest first. */
export function skusIn(path: string): readonly string[] {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    const rows = database.prepare("SELECT sku FROM items ORDER BY position").all();
    return rows.map(({ sku }) => String(sku));
  } finally {
    database.close();
  }
}
