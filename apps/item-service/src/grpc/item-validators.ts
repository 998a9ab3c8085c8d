import type {
  CreateItemRequest,
  DeleteItemRequest,
  GetItemRequest,
  ItemServiceService,
  ItemSyncRequest,
  ListItemsRequest,
  UpdateItemRequest,
} from "@grpc-kit/generated-protos/examples/items";
import { createValidator, type RequestValidators } from "@grpc-kit/grpc-mappers/validator";
import { z } from "zod";
import { itemRules } from "../domain/item-rules.ts";

const { id, name, description, sku, quantity, price, isActive } = itemRules;

const createItem = createValidator<CreateItemRequest>()(
  z.object({ name, description, sku, quantity, price }),
);

/** The rules of every request, stated once for an item's fields: by the domain. */
export const itemRequestValidators: RequestValidators<ItemServiceService> = {
  getItem: createValidator<GetItemRequest>()(z.object({ id })),
  createItem,
  updateItem: createValidator<UpdateItemRequest>()(
    z.object({
      id,
      name: name.optional(),
      description: description.optional(),
      quantity: quantity.optional(),
      price: price.optional(),
    }),
  ),
  deleteItem: createValidator<DeleteItemRequest>()(z.object({ id })),
  listItems: createValidator<ListItemsRequest>()(
    z.object({
      pageSize: z.int32().min(0, {
        error: ({ input }) => `must be an integer of 0 or more, got ${input}`,
      }),
      // The use case says what is wrong with these two.
      pageToken: z.string(),
      filter: z.string(),
    }),
  ),
  batchCreateItems: createItem,
  syncItems: createValidator<ItemSyncRequest>()(
    z.object({
      action: z.discriminatedUnion(
        "$case",
        [
          z.object({
            $case: z.literal("upsert"),
            value: z.object({
              // Without an id, the item is found by its sku.
              id: id.or(z.literal("")),
              name,
              description,
              sku,
              quantity,
              price,
              isActive,
              createdAt: z.any(),
              updatedAt: z.any(),
            }),
          }),
          z.object({ $case: z.literal("deleteId"), value: id }),
        ],
        { error: "must be upsert or delete_id, got neither" },
      ),
    }),
  ),
};
