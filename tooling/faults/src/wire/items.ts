import {
  CreateItemRequest,
  GetItemRequest,
  ItemSyncRequest,
  ListItemsRequest,
} from "@grpc-kit/generated-protos/examples/items";
import { callHead, encodeHead } from "@grpc-kit/testing/hpack";
import { flags, frame, headers } from "@grpc-kit/testing/raw-http2";
import type { Service } from "../harness/service.ts";

export const paths = {
  getItem: "/examples.ItemService/GetItem",
  listItems: "/examples.ItemService/ListItems",
  batchCreateItems: "/examples.ItemService/BatchCreateItems",
  syncItems: "/examples.ItemService/SyncItems",
} as const;

export const bodies = {
  getItem: (id: string): Buffer => message(GetItemRequest.encode({ id }).finish()),
  listItems: (pageSize = 0): Buffer =>
    message(ListItemsRequest.encode({ pageSize, pageToken: "", filter: "" }).finish()),
  createItem: (request: Partial<CreateItemRequest>): Buffer =>
    message(CreateItemRequest.encode(CreateItemRequest.create(request)).finish()),
  deleteAction: (value: string): Buffer =>
    message(ItemSyncRequest.encode({ action: { $case: "deleteId", value } }).finish()),
} as const;

/** A message with its prefix, which may lie. */
export function message(
  content: Uint8Array,
  {
    flag = 0,
    length = content.byteLength,
  }: { readonly flag?: number; readonly length?: number } = {},
): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, content]);
}

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
