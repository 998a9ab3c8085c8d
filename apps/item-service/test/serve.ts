import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServiceDefinition, type ServiceError, status } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import {
  type CreateItemRequest,
  type Item,
  ItemServiceService,
  type ListItemsRequest,
} from "@grpc-kit/generated-protos/examples/items";
import {
  type ChannelOptions,
  type ClientFactoryOptions,
  createClientFactory,
  type Stub,
} from "@grpc-kit/grpc-client";
import type { GrpcServer } from "@grpc-kit/grpc-server";
import { type GrpcCallError, toCallError } from "@grpc-kit/grpc-status";
import { onTestFinished } from "vitest";
import type { ItemCradle } from "../src/container.ts";
import { all } from "../src/demo/all.ts";
import { createLogger } from "../src/log.ts";
import { createItemService } from "../src/service.ts";
import { readSettings } from "../src/settings.ts";
import { sendToken, tokenFor } from "./tokens.ts";

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "item-service-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

export interface TestStubOptions extends ClientFactoryOptions {
  readonly channel?: ChannelOptions;
  /** Sent with each call. Default: none is. */
  readonly token?: string | undefined;
}

/** A stub on connections of its own, without TLS unless `channel` says so. It closes with the test. */
export function stubOf<Definition extends ServiceDefinition>(
  definition: Definition,
  target: string | readonly string[],
  { channel, token, interceptors = [], ...options }: TestStubOptions = {},
): Stub<Definition> {
  const sender = token === undefined ? [] : [sendToken(target, token, channel)];
  const clients = createClientFactory({
    defaultStreamTimeoutMs: 30_000,
    descriptorSets: [fileDescriptorSet()],
    ...options,
    interceptors: [...interceptors, ...sender],
  });
  onTestFinished(() => clients.close({ graceMs: 0 }));
  const opened = clients.createChannel(target, { credentials: "insecure", ...channel });
  return clients.createStub(definition, opened);
}

export type ItemStub = Stub<ItemServiceService>;

export interface ServedItems {
  /** Sends `token`. */
  readonly client: ItemStub;
  readonly address: string;
  /** Has both scopes. Undefined with AUTH_ settings: the service takes those of somebody else. */
  readonly token: string | undefined;
  /** Where the service keeps its keys: `tokenFor(dataFolder, scope)` makes other tokens. */
  readonly dataFolder: string;
  readonly service: GrpcServer;
  readonly logged: readonly LoggedLine[];
}

export interface LoggedLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/**
 * Starts the whole service on a free port and a new database, and a client of it that may call all. With a
 * DATA_DIR it shares its database and its keys with others.
 */
export async function serveItems(
  overrides: Partial<ItemCradle> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<ServedItems> {
  const dataFolder = environment.DATA_DIR ?? temporaryFolder();
  const settings = readSettings({
    GRPC_SERVER_HOST: "127.0.0.1",
    GRPC_SERVER_PORT: "0",
    DATA_DIR: dataFolder,
    ...environment,
  });
  const logged: LoggedLine[] = [];
  const service = await createItemService(settings, {
    logger: createLogger({ stream: { write: (line) => logged.push(JSON.parse(line)) } }),
    ...overrides,
  });
  const { target: address } = await service.start();
  onTestFinished(() => service.stop());
  const token = settings.auth.developmentKeys && (await tokenFor(dataFolder));
  const client = stubOf(ItemServiceService, address, { token });
  return { client, address, token, dataFolder, service, logged };
}

/** A request for an item that can be created. */
export function newItem(sku: string): CreateItemRequest {
  return { name: "Desk lamp", description: "It glows", sku, quantity: 10, price: 24.9 };
}

/** Creates an item and returns it. */
export function createItem(client: ItemStub, sku: string): Promise<Item> {
  return client.createItem(newItem(sku));
}

/** A page of items, and the token that leads to the next. */
export async function listPage(
  client: ItemStub,
  fields: Partial<ListItemsRequest>,
): Promise<{ readonly items: readonly Item[]; readonly nextPageToken: string }> {
  let nextPageToken = "";
  const request = { pageSize: 0, pageToken: "", filter: "", ...fields };
  const page = client.listItems(request, {
    onStatus: ({ metadata }) => {
      nextPageToken = String(metadata.get("next-page-token")[0] ?? "");
    },
  });
  return { items: await all(page), nextPageToken };
}

/** The items of all pages. */
export async function listAll(client: ItemStub, pageSize = 1_000): Promise<readonly Item[]> {
  const items: Item[] = [];
  let pageToken = "";
  do {
    const page = await listPage(client, { pageSize, pageToken });
    items.push(...page.items);
    pageToken = page.nextPageToken;
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
