import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { type AwilixContainer, asFunction, asValue, createContainer, type Resolver } from "awilix";
import type { Logger } from "pino";
import { Registry } from "prom-client";
import { openSqliteDatabase } from "./adapters/sqlite-database.ts";
import { createSqliteItemRepository } from "./adapters/sqlite-item-repository.ts";
import { migrateSqliteDatabase } from "./adapters/sqlite-migrations.ts";
import { createBatchCreateItems } from "./application/batch-create-items.ts";
import { createCreateItem } from "./application/create-item.ts";
import { createDeleteItem } from "./application/delete-item.ts";
import { createGetItem } from "./application/get-item.ts";
import type { ItemRepository } from "./application/item-repository.ts";
import type { ItemUseCases } from "./application/item-use-cases.ts";
import { createListItems } from "./application/list-items.ts";
import { createSyncItem } from "./application/sync-item.ts";
import { createUpdateItem } from "./application/update-item.ts";
import { createLogger } from "./log.ts";
import type { Settings } from "./settings.ts";

/** What the container has, by name. */
export interface ItemCradle extends ItemUseCases {
  readonly settings: Settings;
  /** In the scope of a call it is the call's own. */
  readonly logger: Logger;
  readonly registry: Registry;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly database: DatabaseSync;
  readonly itemRepository: ItemRepository;
}

/**
 * Wires the service, except for its transport. Nothing is opened until it is asked for, and
 * `dispose` closes what was. `overrides` take the place of what is registered here.
 */
export function createItemContainer(
  settings: Settings,
  overrides: Partial<ItemCradle> = {},
): AwilixContainer<ItemCradle> {
  const container = createContainer<ItemCradle>({ injectionMode: "PROXY", strict: true });
  container.register({
    settings: asValue(settings),
    logger: asFunction(() => createLogger({ level: settings.logLevel })).singleton(),
    registry: asFunction(() => new Registry()).singleton(),
    now: asValue(() => new Date()),
    newId: asValue(() => randomUUID()),
    database: asFunction(openDatabase)
      .singleton()
      .disposer((database) => database.close()),
    itemRepository: asFunction(createSqliteItemRepository).singleton(),
    getItem: asFunction(createGetItem).singleton(),
    createItem: asFunction(createCreateItem).singleton(),
    updateItem: asFunction(createUpdateItem).singleton(),
    deleteItem: asFunction(createDeleteItem).singleton(),
    listItems: asFunction(createListItems).singleton(),
    batchCreateItems: asFunction(createBatchCreateItems).singleton(),
    syncItem: asFunction(createSyncItem).singleton(),
  } satisfies { [Name in keyof ItemCradle]: Resolver<ItemCradle[Name]> });
  for (const [name, value] of Object.entries(overrides)) {
    container.register(name, asValue(value));
  }
  return container;
}

function openDatabase({ settings }: Pick<ItemCradle, "settings">): DatabaseSync {
  const database = openSqliteDatabase(settings.databaseUrl.replace(/^sqlite:/, ""));
  migrateSqliteDatabase(database);
  return database;
}
