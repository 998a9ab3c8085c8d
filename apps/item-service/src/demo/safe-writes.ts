import { Metadata } from "@grpc/grpc-js";
import type { CreateItemRequest } from "@grpc-kit/generated-protos/examples/items";
import type { CallStatus } from "@grpc-kit/grpc-client";
import type { Items } from "./items.ts";
import { describeFailure, show } from "./show.ts";

/** Sends a request twice and creates one item, and changes an item only as it was last seen. */
export async function safeWrites(items: Items, request: CreateItemRequest): Promise<void> {
  const key = `${request.sku}-1`;
  let etag = "";
  const seen = ({ metadata }: CallStatus): string => {
    etag = String(metadata.get("etag")[0] ?? "");
    return `etag ${etag}`;
  };
  const create = () =>
    show(
      (options) => items.createItem(request, { ...options, metadata: of("idempotency-key", key) }),
      {
        method: "CreateItem",
        kind: "unary",
        sent: [`idempotency-key ${key}`, request],
        got: (item, status) => [item, seen(status)],
      },
    );
  const { id } = await create();
  // The answer was lost, say.
  const again = await create();
  if (again.id !== id) {
    throw new Error("one idempotency-key has created two items");
  }
  const first = etag;
  for (const quantity of [9, 8]) {
    const update = { id, quantity };
    await show(
      (options) =>
        items
          .updateItem(update, { ...options, metadata: of("if-match", first) })
          .catch(describeFailure),
      {
        method: "UpdateItem",
        kind: "unary",
        sent: [`if-match ${first}`, update],
        got: (item, status) => (typeof item === "string" ? [item] : [item, seen(status)]),
      },
    );
  }
  await items.deleteItem({ id });
}

function of(name: string, value: string): Metadata {
  const metadata = new Metadata();
  metadata.set(name, value);
  return metadata;
}
