import { randomUUID } from "node:crypto";
import { type AwilixContainer, asFunction, asValue, createContainer, type Resolver } from "awilix";
import type { Logger } from "pino";
import { Registry } from "prom-client";
import { openItemStore } from "./adapters/open-item-store.ts";
import { openSqliteSpool } from "./adapters/sqlite/spool.ts";
import { createBatchCreateItems } from "./application/batch-create-items.ts";
import { createCreateItem } from "./application/create-item.ts";
import { createDeleteItem } from "./application/delete-item.ts";
import { createGetItem } from "./application/get-item.ts";
import type { ItemRepository } from "./application/item-repository.ts";
import type { ItemStore } from "./application/item-store.ts";
import type { ItemUseCases } from "./application/item-use-cases.ts";
import { createListItems } from "./application/list-items.ts";
import type { OpenSpool } from "./application/spool.ts";
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
  readonly itemStore: ItemStore;
  readonly itemRepository: ItemRepository;
  readonly openSpool: OpenSpool;
}

/**
 * Wires the service, except for its transport, and opens its database, which `dispose` closes.
 * `overrides` take the place of what is registered here.
 */
export async function createItemContainer(
  settings: Settings,
  overrides: Partial<ItemCradle> = {},
): Promise<AwilixContainer<ItemCradle>> {
  const { logger = createLogger({ level: settings.logLevel }), now = () => new Date() } = overrides;
  const itemStore =
    overrides.itemStore ?? (await openItemStore(settings.database, { logger, now }));
  const container = createContainer<ItemCradle>({ injectionMode: "PROXY", strict: true });
  container.register({
    settings: asValue(settings),
    logger: asValue(logger),
    registry: asFunction(() => new Registry()).singleton(),
    now: asValue(now),
    newId: asValue(() => randomUUID()),
    itemStore: asFunction(() => itemStore)
      .singleton()
      .disposer((store) => store.close()),
    itemRepository: asFunction((cradle: ItemCradle) => cradle.itemStore.items).singleton(),
    openSpool: asValue(openSqliteSpool),
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
  // What has not been resolved is not disposed of.
  container.resolve("itemStore");
  return container;
}
