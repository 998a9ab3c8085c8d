import type { BatchCreateItems } from "./batch-create-items.ts";
import type { CreateItem } from "./create-item.ts";
import type { DeleteItem } from "./delete-item.ts";
import type { GetItem } from "./get-item.ts";
import type { ListItems } from "./list-items.ts";
import type { SyncItem } from "./sync-item.ts";
import type { UpdateItem } from "./update-item.ts";

/** The use cases that the service is made of. */
export interface ItemUseCases {
  readonly getItem: GetItem;
  readonly createItem: CreateItem;
  readonly updateItem: UpdateItem;
  readonly deleteItem: DeleteItem;
  readonly listItems: ListItems;
  readonly batchCreateItems: BatchCreateItems;
  readonly syncItem: SyncItem;
}
