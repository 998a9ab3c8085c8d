import type { Logger } from "pino";
import type { ItemStore } from "../application/item-store.ts";
import type { DatabaseSettings } from "../database-settings.ts";
import { openPostgresItemStore } from "./postgres/item-store.ts";
import { openSqliteItemStore } from "./sqlite/item-store.ts";

export interface ItemStoreParts {
  readonly logger: Logger;
  readonly now: () => Date;
}

/** Opens the database that the settings name, and brings it up to date. */
export function openItemStore(
  { url, ...limits }: DatabaseSettings,
  parts: ItemStoreParts,
): Promise<ItemStore> {
  const path = /^sqlite:(.+)$/s.exec(url)?.[1];
  return path === undefined
    ? openPostgresItemStore({ url, ...limits, ...parts })
    : openSqliteItemStore({ path, now: parts.now });
}
