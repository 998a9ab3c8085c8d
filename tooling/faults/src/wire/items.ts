import { randomUUID } from "node:crypto";
import {
  CreateItemRequest,
  GetItemRequest,
  ItemServiceService,
  ItemSyncRequest,
  ListItemsRequest,
} from "@grpc-kit/generated-protos/examples/items";
import { callHead, encodeHead } from "@grpc-kit/testing/hpack";
import { flags, frame, headers } from "@grpc-kit/testing/raw-http2";
import type { Service } from "../harness/service.ts";
import { framed } from "./framing.ts";

export type ItemMethod = keyof ItemServiceService;

/** Of each method of the service its path and a request that it takes. */
export const itemPaths = Object.fromEntries(
  Object.entries(ItemServiceService).map(([name, { path }]) => [name, path]),
) as Readonly<Record<ItemMethod, string>>;

type RequestOf<Name extends ItemMethod> = Parameters<
  ItemServiceService[Name]["requestSerialize"]
>[0];

/** A request as it is sent. */
export function encoded<Name extends ItemMethod>(name: Name, request: RequestOf<Name>): Buffer {
  const { requestSerialize } = ItemServiceService[name];
  return framed((requestSerialize as (of: RequestOf<Name>) => Buffer)(request));
}

/** A new item that is in order. */
export function newItem(sku: string = randomUUID()): CreateItemRequest {
  return { name: "Lamp", description: "It glows", sku, quantity: 10, price: 24.9 };
}

export function upsert(request: CreateItemRequest, id = ""): ItemSyncRequest {
  const item = { ...request, id, isActive: true, createdAt: undefined, updatedAt: undefined };
  return { action: { $case: "upsert", value: item } };
}

export const bodies = {
  getItem: (id: string): Buffer => framed(GetItemRequest.encode({ id }).finish()),
  listItems: (pageSize = 0): Buffer =>
    framed(ListItemsRequest.encode({ pageSize, pageToken: "", filter: "" }).finish()),
  createItem: (request: Partial<CreateItemRequest>): Buffer =>
    framed(CreateItemRequest.encode(CreateItemRequest.create(request)).finish()),
  deleteAction: (value: string): Buffer =>
    framed(ItemSyncRequest.encode({ action: { $case: "deleteId", value } }).finish()),
} as const;

/** The head of a call with a token, as it goes over the wire. */
export function headOf(
  service: Service,
  path: string,
  more: Readonly<Record<string, string>> = {},
): Buffer {
  const authorization = `Bearer ${service.token()}`;
  return encodeHead(callHead(path, { authorization, ...more }));
}

/** The frames of a call that is complete: its head, and its only message. */
export function callFrames(id: number, head: Buffer, body: Buffer): Buffer {
  return Buffer.concat([headers(id, head), frame("data", flags.endStream, id, body)]);
}
