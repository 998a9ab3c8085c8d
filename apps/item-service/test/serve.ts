import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import {
  type CreateItemRequest,
  type Item,
  ItemServiceClient,
} from "@grpc-kit/generated-protos/examples/items";
import type { GrpcServer } from "@grpc-kit/grpc-server";
import { type GrpcCallError, toCallError } from "@grpc-kit/grpc-status";
import { onTestFinished } from "vitest";
import type { ItemCradle } from "../src/container.ts";
import { all, one } from "../src/demo/calls.ts";
import { createLogger } from "../src/log.ts";
import { createItemService } from "../src/service.ts";
import { readSettings } from "../src/settings.ts";

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "item-service-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

export interface ServedItems {
  readonly client: ItemServiceClient;
  readonly address: string;
  readonly service: GrpcServer;
  readonly logged: readonly LoggedLine[];
}

export interface LoggedLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Starts the whole service on a free port and a new database, and a client of it. */
export async function serveItems(
  overrides: Partial<ItemCradle> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<ServedItems> {
  const folder = temporaryFolder();
  const settings = readSettings({
    GRPC_SERVER_HOST: "127.0.0.1",
    GRPC_SERVER_PORT: "0",
    DATABASE_URL: `sqlite:${join(folder, "items.db")}`,
    ...environment,
  });
  const logged: LoggedLine[] = [];
  const service = await createItemService(settings, {
    logger: createLogger({ stream: { write: (line) => logged.push(JSON.parse(line)) } }),
    ...overrides,
  });
  const { target: address } = await service.start();
  const client = new ItemServiceClient(address, credentials.createInsecure());
  onTestFinished(async () => {
    client.close();
    await service.stop();
  });
  return { client, address, service, logged };
}

/** A request for an item that can be created. */
export function newItem(sku: string): CreateItemRequest {
  return { name: "Desk lamp", description: "It glows", sku, quantity: 10, price: 24.9 };
}

/** Creates an item and returns it. */
export async function createItem(client: ItemServiceClient, sku: string): Promise<Item> {
  const { reply } = await one<Item>((done) => client.createItem(newItem(sku), done));
  return reply;
}

/** The items of all pages. */
export async function listAll(
  client: ItemServiceClient,
  pageSize = 1_000,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let pageToken = "";
  do {
    const page = await all(client.listItems({ pageSize, pageToken, filter: "" }));
    items.push(...page.replies);
    pageToken = String(page.trailers.get("next-page-token")[0] ?? "");
  } while (pageToken !== "");
  return items;
}

/** The name of the status code that a call ends with, and its text. */
export async function failureOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "OK",
    ({ code, details }: ServiceError) => `${status[code]}: ${details}`,
  );
}

/** What a call that fails is told, for programs as well. */
export async function callErrorOf(call: Promise<unknown>): Promise<GrpcCallError> {
  return call.then(() => {
    throw new Error("the call has not failed");
  }, toCallError);
}
