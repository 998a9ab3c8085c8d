import type { DatabaseSync } from "node:sqlite";
import type {
  InsertedBatch,
  ItemBatch,
  ItemKey,
  ItemRepository,
} from "../../application/item-repository.ts";
import type { Item } from "../../domain/item.ts";
import { SkuTakenError, TooManyFailuresError } from "../../domain/item-errors.ts";
import { isNotUnique } from "./errors.ts";
import { createSqliteAnswers } from "./idempotency.ts";
import { fromRow, type ItemRow, itemColumns, toRow } from "./item-rows.ts";
import { createSqliteList } from "./list.ts";
import type { NextTurn } from "./long-transaction.ts";
import type { SqliteReader } from "./reader.ts";
import type { SqliteWriter } from "./writer.ts";

const ROWS_PER_TURN = 100;

/** What `createSqliteItemRepository` needs. */
export interface SqliteItemRepositoryDependencies {
  /** Both of a migrated database. Who made them closes them. */
  readonly reader: SqliteReader;
  readonly writer: SqliteWriter;
  /** The clock that tells when an idempotency key has expired. */
  readonly now: () => Date;
}

/** Keeps items in SQLite. */
export function createSqliteItemRepository({
  reader,
  writer,
  now,
}: SqliteItemRepositoryDependencies): ItemRepository {
  const find = prepareFind(reader.connection);
  const findToWrite = prepareFind(writer.connection);
  const insertItem = writer.connection.prepare(
    `INSERT INTO items (${itemColumns.join(", ")})
     VALUES (${itemColumns.map((name) => `:${name}`).join(", ")})
     ON CONFLICT (sku) DO NOTHING`,
  );
  const updateItem = writer.connection.prepare(
    `UPDATE items SET ${itemColumns.map((name) => `${name} = :${name}`).join(", ")} WHERE id = :id`,
  );
  const deleteItem = writer.connection.prepare("DELETE FROM items WHERE id = ?");
  const selectSecret = reader.connection.prepare(
    "SELECT value FROM secrets WHERE name = 'page-token'",
  );
  const answers = createSqliteAnswers(writer.connection, now);

  const tryInsert = (item: Item): boolean => insertItem.run(toRow(item)).changes === 1;
  const insert = (item: Item): void => {
    if (!tryInsert(item)) {
      throw new SkuTakenError(item.sku);
    }
  };
  const update = (item: Item): void => {
    try {
      updateItem.run(toRow(item));
    } catch (error) {
      // The id stays, so only the sku can be taken.
      throw isNotUnique(error) ? new SkuTakenError(item.sku) : error;
    }
  };

  const insertInTurns = async (
    { parts, maxTaken }: ItemBatch,
    nextTurn: NextTurn,
  ): Promise<InsertedBatch> => {
    const createdIds: string[] = [];
    const taken: number[] = [];
    let rows = 0;
    for (const part of parts) {
      for (const { index, item } of part) {
        if (tryInsert(item)) {
          createdIds.push(item.id);
        } else if (taken.push(index) > maxTaken) {
          throw new TooManyFailuresError(maxTaken);
        }
        rows += 1;
        if (rows % ROWS_PER_TURN === 0) {
          await nextTurn();
        }
      }
    }
    return { createdIds, taken };
  };

  return {
    find(key, call) {
      return reader.run(() => find(key), call);
    },
    insert(item, { idempotency, signal } = {}) {
      return writer.run(
        () => {
          const known = idempotency && answers.recall(idempotency);
          if (known !== undefined) {
            return fromRow(known as ItemRow);
          }
          insert(item);
          if (idempotency !== undefined) {
            answers.keep(idempotency, toRow(item));
          }
          return item;
        },
        { signal },
      );
    },
    insertMany(batch, { idempotency, signal } = {}) {
      return writer.runLong(
        async (_, nextTurn) => {
          const known = idempotency && answers.recall(idempotency);
          if (known !== undefined) {
            return known as InsertedBatch;
          }
          const inserted = await insertInTurns(batch, nextTurn);
          if (idempotency !== undefined) {
            answers.keep(idempotency, inserted);
          }
          return inserted;
        },
        { signal },
      );
    },
    save(key, change, call) {
      return writer.run(() => {
        const existing = findToWrite(key);
        const item = change(existing);
        (existing === undefined ? insert : update)(item);
        return item;
      }, call);
    },
    delete(id, { check, signal } = {}) {
      return writer.run(
        () => {
          const item = check && findToWrite({ id });
          if (item !== undefined) {
            check?.(item);
          }
          return deleteItem.run(id).changes === 1;
        },
        { signal },
      );
    },
    list: createSqliteList(reader),
    pageTokenSecret(call) {
      return reader.run(() => selectSecret.get()?.value as Uint8Array, call);
    },
  };
}

function prepareFind(connection: DatabaseSync): (key: ItemKey) => Item | undefined {
  const selectById = connection.prepare("SELECT * FROM items WHERE id = ?");
  const selectBySku = connection.prepare("SELECT * FROM items WHERE sku = ?");
  return (key) => {
    const row = "id" in key ? selectById.get(key.id) : selectBySku.get(key.sku);
    return row && fromRow(row as ItemRow);
  };
}
