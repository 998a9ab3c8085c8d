import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { createItem, type NewItem } from "../domain/item.ts";
import { BatchTooLargeError, SkuTakenError, TooManyFailuresError } from "../domain/item-errors.ts";
import { newItemValidator } from "../domain/item-rules.ts";
import type { CreateItemDependencies } from "./create-item.ts";
import type { KeyedCall } from "./idempotency.ts";
import { identifyRequest, type RequestIdentity } from "./identify-request.ts";
import type { OpenSpool, Spool, Spooled } from "./spool.ts";
import { withSignalOf } from "./with-signal-of.ts";

/** How many items one batch may have. */
export const MAX_BATCH_ITEMS = 100_000;

/** How many bytes the text of a batch's items may have. */
export const MAX_BATCH_TEXT_BYTES: number = 64 * 1_024 * 1_024;

/** How many items of a batch may fail, so that all is told in one answer of at most 4 MiB. */
export const MAX_BATCH_FAILURES = 1_000;

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

/** What `createBatchCreateItems` needs. */
export interface BatchCreateItemsDependencies extends CreateItemDependencies {
  readonly openSpool: OpenSpool;
}

/**
 * Creates many items, in one transaction after the last has come, or returns what was returned to the same
 * request before. Nothing is created if it throws: what `newItems` throws, BatchTooLargeError and
 * TooManyFailuresError as soon as there are too many, or IdempotencyKeyReusedError.
 */
export type BatchCreateItems = (
  newItems: AsyncIterable<NewItem>,
  call?: KeyedCall,
) => Promise<BatchCreateResult>;

/** Makes the use case that creates many items. */
export function createBatchCreateItems({
  itemRepository,
  newId,
  now,
  openSpool,
}: BatchCreateItemsDependencies): BatchCreateItems {
  return async (newItems, call = {}) => {
    const spool = openSpool<NewItem>();
    try {
      const request =
        call.idempotencyKey && identifyRequest("BatchCreateItems", call.idempotencyKey);
      const invalid = await readBatch(newItems, spool, request);
      const createdAt = now();
      const parts = mapParts(spool, ({ position, value }) => ({
        index: position,
        item: createItem(value, { id: newId(), now: createdAt }),
      }));
      const { createdIds, taken } = await itemRepository.insertMany(
        { parts, maxTaken: MAX_BATCH_FAILURES - invalid.length },
        withSignalOf(call, { idempotency: request?.end() }),
      );
      const failures = taken.map((index) => ({
        index,
        error: new SkuTakenError(spool.get(index).sku),
      }));
      return {
        createdIds,
        failures: [...invalid, ...failures].sort((one, other) => one.index - other.index),
      };
    } catch (error) {
      // The repository knows only of those that are taken.
      throw error instanceof TooManyFailuresError
        ? new TooManyFailuresError(MAX_BATCH_FAILURES)
        : error;
    } finally {
      spool.close();
    }
  };
}

/** Puts what is valid into the spool, and returns the rest. */
async function readBatch(
  newItems: AsyncIterable<NewItem>,
  spool: Spool<NewItem>,
  request: RequestIdentity | undefined,
): Promise<readonly BatchFailure[]> {
  const invalid: BatchFailure[] = [];
  let index = 0;
  let textBytes = 0;
  for await (const newItem of newItems) {
    textBytes += textBytesOf(newItem);
    if (index === MAX_BATCH_ITEMS || textBytes > MAX_BATCH_TEXT_BYTES) {
      throw new BatchTooLargeError({
        maxItems: MAX_BATCH_ITEMS,
        maxTextBytes: MAX_BATCH_TEXT_BYTES,
      });
    }
    request?.add(newItem);
    const violations = newItemValidator.violations(newItem);
    if (violations.length === 0) {
      spool.add(index, newItem);
    } else if (invalid.length < MAX_BATCH_FAILURES) {
      invalid.push({ index, error: new ValidationError(violations) });
    } else {
      throw new TooManyFailuresError(MAX_BATCH_FAILURES);
    }
    index += 1;
  }
  return invalid;
}

function textBytesOf({ name, description, sku }: NewItem): number {
  return Buffer.byteLength(name) + Buffer.byteLength(description) + Buffer.byteLength(sku);
}

function mapParts<Value, Mapped>(
  spool: Spool<Value>,
  map: (spooled: Spooled<Value>) => Mapped,
): Iterable<readonly Mapped[]> {
  return {
    *[Symbol.iterator]() {
      for (const part of spool.parts()) {
        yield part.map(map);
      }
    },
  };
}
