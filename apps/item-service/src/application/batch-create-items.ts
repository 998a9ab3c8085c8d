import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { createItem, type Item, type NewItem } from "../domain/item.ts";
import { BatchTooLargeError, SkuTakenError } from "../domain/item-errors.ts";
import type { CreateItemDependencies } from "./create-item.ts";

/** How many items one batch may have. They are held in memory until the batch is complete. */
export const MAX_BATCH_ITEMS = 10_000;

/** An item of a batch that was not created. */
export interface BatchFailure {
  /** Its position in the batch, from 0. */
  readonly index: number;
  readonly error: ValidationError | SkuTakenError;
}

/** What became of a batch. */
export interface BatchCreateResult {
  /** The ids of the items that were created, in the order of the batch. */
  readonly createdIds: readonly string[];
  /** The others, in the order of the batch. */
  readonly failures: readonly BatchFailure[];
}

/**
 * Creates many items, all at once after the last has come. Nothing is created if `newItems` throws.
 * Throws BatchTooLargeError as soon as there are too many.
 */
export type BatchCreateItems = (newItems: AsyncIterable<NewItem>) => Promise<BatchCreateResult>;

/** Makes the use case that creates many items. */
export function createBatchCreateItems({
  itemRepository,
  newId,
  now,
}: CreateItemDependencies): BatchCreateItems {
  return async (newItems) => {
    const batch = await readBatch(newItems);
    const createdAt = now();
    const outcomes = batch.map((newItem) => tryCreateItem(newItem, newId(), createdAt));
    const items = outcomes.filter(
      (outcome): outcome is Item => !(outcome instanceof ValidationError),
    );
    const inserted = await itemRepository.insertMany(items);
    const taken = new Set(items.filter((_, position) => !inserted[position]));
    const createdIds: string[] = [];
    const failures: BatchFailure[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome instanceof ValidationError) {
        failures.push({ index, error: outcome });
      } else if (taken.has(outcome)) {
        failures.push({ index, error: new SkuTakenError(outcome.sku) });
      } else {
        createdIds.push(outcome.id);
      }
    }
    return { createdIds, failures };
  };
}

async function readBatch(newItems: AsyncIterable<NewItem>): Promise<readonly NewItem[]> {
  const batch: NewItem[] = [];
  for await (const newItem of newItems) {
    if (batch.length === MAX_BATCH_ITEMS) {
      throw new BatchTooLargeError(MAX_BATCH_ITEMS);
    }
    batch.push(newItem);
  }
  return batch;
}

function tryCreateItem(newItem: NewItem, id: string, now: Date): Item | ValidationError {
  try {
    return createItem(newItem, { id, now });
  } catch (error) {
    if (error instanceof ValidationError) {
      return error;
    }
    throw error;
  }
}
