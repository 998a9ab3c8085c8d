import type {
  IdempotentCall,
  InsertedBatch,
  ItemKey,
  ItemRepository,
} from "../../application/item-repository.ts";
import type { Item } from "../../domain/item.ts";
import { SkuTakenError, TooManyFailuresError } from "../../domain/item-errors.ts";
import { isTaken } from "./errors.ts";
import { toPostgresCondition } from "./filter.ts";
import { answerOnce } from "./idempotency.ts";
import {
  deleteItem,
  fromRow,
  type ItemRow,
  insertItem,
  insertItems,
  insertNewItem,
  itemColumns,
  listItems,
  lockItem,
  selectItem,
  toColumns,
  toValues,
  updateItem,
} from "./item-statements.ts";
import type { PostgresPool } from "./pool.ts";
import type { RunQuery } from "./session.ts";

/** What `createPostgresItemRepository` needs. */
export interface PostgresItemRepositoryDependencies {
  /** Connections to a migrated database. Who made the pool closes it. */
  readonly pool: PostgresPool;
  readonly secret: Uint8Array;
  readonly now: () => Date;
}

/** Keeps items in PostgreSQL. */
export function createPostgresItemRepository({
  pool,
  secret,
  now,
}: PostgresItemRepositoryDependencies): ItemRepository {
  /** Runs `work` in a transaction, once for each request if that has a key. */
  const once = <Answer>(
    call: IdempotentCall | undefined,
    work: (query: RunQuery) => Promise<Answer>,
    fromText: (text: string) => Answer,
  ): Promise<Answer> =>
    pool.transaction(call, (query) => {
      const request = call?.idempotency;
      return request === undefined
        ? work(query)
        : answerOnce(query, now(), {
            request,
            work: () => work(query),
            toText: JSON.stringify,
            fromText,
          });
    });

  return {
    async find(key, call) {
      if (isImpossible(key)) {
        return undefined;
      }
      const query = "id" in key ? selectItem.byId(key.id) : selectItem.bySku(key.sku);
      const { rows } = await pool.query<ItemRow>(call, query);
      return rows[0] && fromRow(rows[0]);
    },
    async insert(item, call) {
      const check = ({ rowCount }: { readonly rowCount: number | null }): Item => {
        if (rowCount === 0) {
          throw new SkuTakenError(item.sku);
        }
        return item;
      };
      const query = insertItem(...toValues(item));
      return call?.idempotency === undefined
        ? check(await pool.query(call, query))
        : once(call, async (run) => check(await run(query)), toItem);
    },
    insertMany(batch, call) {
      const insertParts = async (query: RunQuery): Promise<InsertedBatch> => {
        const createdIds: string[] = [];
        const taken: number[] = [];
        for (const part of batch.parts) {
          const items = part.map(({ item }) => item);
          const { rows } = await query<{ id: string }>(insertItems(...toColumns(items)));
          const created = new Set(rows.map(({ id }) => id));
          for (const { index, item } of part) {
            if (created.has(item.id)) {
              createdIds.push(item.id);
            } else {
              taken.push(index);
            }
          }
          if (taken.length > batch.maxTaken) {
            throw new TooManyFailuresError(batch.maxTaken);
          }
        }
        return { createdIds, taken };
      };
      return once(call, insertParts, JSON.parse);
    },
    save(key, change, call) {
      return pool.transaction(call, async (query) => {
        for (;;) {
          const existing = await lock(query, key);
          const item = change(existing);
          if (existing !== undefined) {
            await update(query, existing, item);
            return item;
          }
          const { rowCount } = await query(insertNewItem(...toValues(item)));
          if (rowCount === 1) {
            return item;
          }
          // Another transaction was first. Either it has added this item, or another with the sku.
          const other = await lock(query, { sku: item.sku });
          if (other !== undefined && !isOf(other, key)) {
            throw new SkuTakenError(item.sku);
          }
        }
      });
    },
    async delete(id, call) {
      const check = call?.check;
      if (check === undefined) {
        return (await pool.query(call, deleteItem(id))).rowCount === 1;
      }
      return pool.transaction(call, async (query) => {
        const item = await lock(query, { id });
        if (item === undefined) {
          return false;
        }
        check(item);
        await query(deleteItem(id));
        return true;
      });
    },
    async list({ filter, after = 0, limit }, call) {
      const condition = filter && toPostgresCondition(filter, 3);
      const query =
        condition === undefined
          ? listItems(after, limit)
          : {
              text: `SELECT ${itemColumns} FROM items WHERE position > $1 AND ${condition.sql}
                ORDER BY position LIMIT $2`,
              values: [after, limit, ...condition.parameters],
            };
      const { rows } = await pool.query<ItemRow>(call, query);
      return rows.map((row) => ({ item: fromRow(row), position: Number(row.position) }));
    },
    async pageTokenSecret() {
      return secret;
    },
  };
}

// PostgreSQL refuses U+0000. No item has it, but what a caller looks for may.
function isImpossible(key: ItemKey): boolean {
  return "sku" in key && key.sku.includes("\0");
}

function isOf(item: Item, key: ItemKey): boolean {
  return "id" in key ? item.id === key.id : item.sku === key.sku;
}

async function lock(query: RunQuery, key: ItemKey): Promise<Item | undefined> {
  if (isImpossible(key)) {
    return undefined;
  }
  const { rows } = await query<ItemRow>(
    "id" in key ? lockItem.byId(key.id) : lockItem.bySku(key.sku),
  );
  return rows[0] && fromRow(rows[0]);
}

async function update(query: RunQuery, existing: Item, item: Item): Promise<void> {
  if (item === existing) {
    return;
  }
  try {
    await query(updateItem(...toValues(item)));
  } catch (error) {
    throw isTaken(error, "items_sku_key") ? new SkuTakenError(item.sku) : error;
  }
}

function toItem(text: string): Item {
  const item = JSON.parse(text);
  return { ...item, createdAt: new Date(item.createdAt), updatedAt: new Date(item.updatedAt) };
}
