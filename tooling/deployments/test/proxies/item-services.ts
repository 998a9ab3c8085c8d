import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, vi } from "vitest";
import { all, createItemStub, type ItemStub, type ItemStubOptions } from "../item-stub.ts";
import { type ItemServiceProcess, startItemService } from "../start-item-service.ts";
import { type OnEnd, temporaryFolder } from "../start-program.ts";
import type { LoadReport } from "./item-load.ts";

/** Where a service listens. */
export interface Place {
  readonly host?: string;
  readonly port?: number;
  readonly adminPort?: number;
  /** Settings of its own. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ItemServices {
  readonly services: readonly ItemServiceProcess[];
  /** Of all: they share their keys and their items. */
  readonly token: string;
  /** The file of SQLite that holds their items. */
  readonly databasePath: string;
  /** Starts one more, or one again, and waits until it is ready. */
  start(place?: Place): Promise<ItemServiceProcess>;
}

/** Starts item-services that share a database. */
export async function startItemServices(
  places: readonly Place[],
  onEnd: OnEnd,
  env: Readonly<Record<string, string>> = {},
): Promise<ItemServices> {
  const dataFolder = temporaryFolder(onEnd);
  const start = async (place: Place = {}): Promise<ItemServiceProcess> => {
    const settings = { LOG_LEVEL: "error", ...env, ...place.env };
    const service = await startItemService({ ...place, dataFolder, env: settings });
    onEnd(async () => {
      service.kill("SIGKILL");
      await service.stop();
    });
    await vi.waitFor(async () => expect(await isReady(service)).toBe(true), 10_000);
    return service;
  };
  // The first makes the tables and the keys.
  const [first, ...others] = places;
  const services = [await start(first)];
  services.push(...(await Promise.all(others.map(start))));
  const databasePath = join(dataFolder, "item-service.db");
  return { services, token: services[0]?.token() ?? "", databasePath, start };
}

async function isReady({ adminUrl }: ItemServiceProcess): Promise<boolean> {
  return (await fetch(`${adminUrl}/readyz`)).ok;
}

/** Which calls of the contract to count. Default: of all methods, with any code. */
export interface Counted {
  readonly method?: string;
  /** As Go has it: "DeadlineExceeded". */
  readonly code?: string;
}

type Measured = readonly Pick<ItemServiceProcess, "adminUrl">[];

/** How many such calls each of the services has ended. */
export function handledBy(
  services: Measured,
  { method = "\\w+", code = "\\w+" }: Counted = {},
): Promise<readonly number[]> {
  const labels = `grpc_method="${method}",grpc_code="${code}"`;
  return Promise.all(
    services.map((service) => sumOf(service, "grpc_server_handled_total", labels)),
  );
}

/** How many calls of the contract run. */
export async function callsInFlight(services: Measured): Promise<number> {
  const name = "grpckit_server_calls_in_flight";
  const counts = await Promise.all(services.map((service) => sumOf(service, name, "[^}]*")));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function sumOf(
  { adminUrl }: Measured[number],
  name: string,
  labels: string,
): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const service = 'grpc_service="examples.ItemService"';
  const samples = text.matchAll(new RegExp(`^${name}\\{.*${service},${labels}\\} (\\S+)$`, "gm"));
  return Array.from(samples, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
}

/** Waits until each of the services has ended so many calls more. */
export async function untilHandled(services: Measured, calls: number): Promise<void> {
  const before = await handledBy(services);
  const fewest = async () => {
    const now = await handledBy(services);
    return Math.min(...now.map((count, index) => count - (before[index] ?? 0)));
  };
  await expect.poll(fewest, { timeout: 30_000, interval: 100 }).toBeGreaterThanOrEqual(calls);
}

/** Waits until a service has ended no call for half a second. */
export async function untilLeftAlone(service: Measured[number]): Promise<void> {
  const ended = async () => {
    const before = await handledBy([service]);
    await delay(500);
    const after = await handledBy([service]);
    return (after[0] ?? 0) - (before[0] ?? 0);
  };
  await expect.poll(ended, { timeout: 20_000 }).toBe(0);
}

/**
 * Expects that no call has failed, but for one in a hundred that HTTP/2 has refused to send as its connection got too
 * old: "What it does not do" of grpc-client. Nothing of such a call is done.
 */
export function expectNoneLost(reports: readonly LoadReport[]): void {
  const failures = reports.flatMap((report) => report.failures);
  const unsent = failures.filter(({ details }) => details.includes("NGHTTP2_REFUSED_STREAM"));
  expect(failures.filter((failure) => !unsent.includes(failure))).toEqual([]);
  const calls = reports.reduce((sum, report) => sum + report.calls, 0);
  expect(unsent.length).toBeLessThanOrEqual(calls / 100);
}

/** A stub on connections of its own. It closes with the test. */
export function itemStub(target: string | readonly string[], options: ItemStubOptions): ItemStub {
  const { items, close } = createItemStub(target, options);
  onTestFinished(close);
  return items;
}

/** The skus of all items, in order. */
export async function listSkus(items: ItemStub): Promise<readonly string[]> {
  const skus: string[] = [];
  let pageToken = "";
  do {
    const request = { pageSize: 1_000, pageToken, filter: "" };
    pageToken = "";
    const page = items.listItems(request, {
      onStatus: ({ metadata }) => {
        pageToken = String(metadata.get("next-page-token")[0] ?? "");
      },
    });
    skus.push(...(await all(page)).map(({ sku }) => sku));
  } while (pageToken !== "");
  return skus.toSorted();
}
