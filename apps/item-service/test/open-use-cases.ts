import { onTestFinished } from "vitest";
import { createItemContainer, type ItemCradle } from "../src/container.ts";
import { readSettings } from "../src/settings.ts";

/** The service without its transport, on a new database in memory. It closes with the test. */
export async function openUseCases(overrides: Partial<ItemCradle> = {}): Promise<ItemCradle> {
  const settings = readSettings({ DATABASE_URL: "sqlite::memory:" });
  const container = await createItemContainer(settings, overrides);
  onTestFinished(() => container.dispose());
  return container.cradle;
}
