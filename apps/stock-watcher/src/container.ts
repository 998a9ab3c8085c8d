import { createLogger } from "@grpc-kit/item-service/shared";
import { type AwilixContainer, asFunction, asValue, createContainer, type Resolver } from "awilix";
import type { Logger } from "pino";
import { Registry } from "prom-client";
import { type ItemService, openItemService } from "./adapters/item-service.ts";
import { createRemoteStockItems } from "./adapters/remote-stock-items.ts";
import { createStockFile } from "./adapters/stock-file.ts";
import { createGetStock, type GetStock } from "./application/get-stock.ts";
import type { StockItems } from "./application/stock-items.ts";
import type { StockSource } from "./application/stock-source.ts";
import { createSyncStock, type SyncStock } from "./application/sync-stock.ts";
import { type StockWatch, watchStock } from "./application/watch-stock.ts";
import type { Settings } from "./settings.ts";

/** What the container has, by name. */
export interface StockCradle {
  readonly settings: Settings;
  /** In the scope of a call it is the call's own. */
  readonly logger: Logger;
  readonly registry: Registry;
  readonly itemService: ItemService;
  readonly stockItems: StockItems;
  readonly stockSource: StockSource;
  readonly syncStock: SyncStock;
  readonly getStock: GetStock;
  /** Watches from when it is asked for. */
  readonly stockWatch: StockWatch;
}

/**
 * Wires the service, except for its transport. Nothing is opened until it is asked for, and `dispose` closes
 * what was. `overrides` take the place of what is registered here.
 */
export function createStockContainer(
  settings: Settings,
  overrides: Partial<StockCradle> = {},
): AwilixContainer<StockCradle> {
  const container = createContainer<StockCradle>({ injectionMode: "PROXY", strict: true });
  container.register({
    settings: asValue(settings),
    logger: asFunction(() => createLogger({ level: settings.logLevel })).singleton(),
    registry: asFunction(() => new Registry()).singleton(),
    itemService: asFunction(openItemService)
      .singleton()
      .disposer((service) => service.close()),
    stockItems: asFunction(createRemoteStockItems).singleton(),
    stockSource: asFunction(createStockFile).singleton(),
    syncStock: asFunction(createSyncStock).singleton(),
    getStock: asFunction(createGetStock).singleton(),
    stockWatch: asFunction(watchStock)
      .singleton()
      .disposer((watch) => watch.close()),
  } satisfies { [Name in keyof StockCradle]: Resolver<StockCradle[Name]> });
  for (const [name, value] of Object.entries(overrides)) {
    container.register(name, asValue(value));
  }
  return container;
}
