import type { DatabaseSync } from "node:sqlite";
import type { ItemFilter } from "../../application/item-filter.ts";
import type {
  ItemListQuery,
  ItemRepository,
  ListedItem,
} from "../../application/item-repository.ts";
import { type SqliteCondition, toSqliteCondition } from "./filter.ts";
import { fromRow, type ItemRow } from "./item-rows.ts";
import type { NextTurn } from "./long-transaction.ts";
import type { SqliteReader } from "./reader.ts";

// How many items one turn looks at. What that takes depends on the filter and the items.
const FIRST_SLICE = 128;
const MIN_SLICE = 16;
const MAX_SLICE = 4_096;
const LONG_SLICE_MS = 4;

type List = ItemRepository["list"];

/** Lists items, with what the filter costs spread over turns of the event loop. */
export function createSqliteList(reader: SqliteReader): List {
  const selectAll = reader.connection.prepare(selectWhere("position > ?"));
  return (query, call) => {
    const { filter, after = 0, limit } = query;
    if (filter === undefined) {
      return reader.run(() => selectAll.all(after, limit).map(toListedItem), call);
    }
    const condition = toSqliteCondition(filter);
    return asksForSku(filter)
      ? reader.run(() => listAtOnce(reader.connection, condition, query), call)
      : reader.runLong((own, nextTurn) => listInTurns(own, nextTurn, condition, query), call);
  };
}

// The index finds the item at once.
function asksForSku(filter: ItemFilter): boolean {
  return filter.kind === "and"
    ? filter.operands.some(asksForSku)
    : filter.kind === "text" && filter.field === "sku" && filter.operator === "=";
}

function listAtOnce(
  connection: DatabaseSync,
  { sql, parameters }: SqliteCondition,
  { after = 0, limit }: ItemListQuery,
): readonly ListedItem[] {
  const select = connection.prepare(selectWhere(`position > ? AND ${sql}`));
  return select.all(after, ...parameters, limit).map(toListedItem);
}

/** Each slice of the items in a turn of its own. */
async function listInTurns(
  connection: DatabaseSync,
  nextTurn: NextTurn,
  { sql, parameters }: SqliteCondition,
  { after = 0, limit }: ItemListQuery,
): Promise<readonly ListedItem[]> {
  const select = connection.prepare(selectWhere(`position > ? AND position <= ? AND ${sql}`));
  const selectEnd = connection.prepare(
    `SELECT count(*) AS count, max(position) AS end FROM (
       SELECT position FROM items WHERE position > ? ORDER BY position LIMIT ?
     )`,
  );
  const listed: ListedItem[] = [];
  let start = after;
  let size = FIRST_SLICE;
  for (;;) {
    const startedAt = performance.now();
    const slice = selectEnd.get(start, size);
    const end = Number(slice?.end);
    const rows = select.all(start, end, ...parameters, limit - listed.length);
    listed.push(...rows.map(toListedItem));
    if (listed.length >= limit || Number(slice?.count) < size) {
      return listed;
    }
    start = end;
    const isLong = performance.now() - startedAt > LONG_SLICE_MS;
    size = isLong ? Math.max(MIN_SLICE, size / 2) : Math.min(MAX_SLICE, size * 2);
    await nextTurn();
  }
}

function selectWhere(condition: string): string {
  return `SELECT * FROM items WHERE ${condition} ORDER BY position LIMIT ?`;
}

function toListedItem(row: Record<string, unknown>): ListedItem {
  return { item: fromRow(row as ItemRow), position: Number(row.position) };
}
