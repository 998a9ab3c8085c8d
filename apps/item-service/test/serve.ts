import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import {
  type CreateItemRequest,
  type Item,
  ItemServiceClient,
} from "@grpc-kit/generated-protos/examples/items";
import { type GrpcCallError, toCallError } from "@grpc-kit/grpc-status";
import { onTestFinished } from "vitest";
import type { ItemCradle } from "../src/container.ts";
import { all, one } from "../src/demo/calls.ts";
import { startItemService } from "../src/service.ts";

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "item-service-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

export interface ServedItems {
  readonly client: ItemServiceClient;
  readonly address: string;
}

/** Starts the whole service on a free port and a new database, and a client of it. */
export async function serveItems(overrides: Partial<ItemCradle> = {}): Promise<ServedItems> {
  const folder = temporaryFolder();
  const service = await startItemService(
    {
      grpcServerHost: "127.0.0.1",
      grpcServerPort: 0,
      databaseUrl: `sqlite:${join(folder, "items.db")}`,
    },
    overrides,
  );
  const address = `127.0.0.1:${service.address.port}`;
  const client = new ItemServiceClient(address, credentials.createInsecure());
  onTestFinished(async () => {
    client.close();
    await service.stop();
  });
  return { client, address };
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
