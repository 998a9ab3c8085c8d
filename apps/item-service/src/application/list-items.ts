import type { Item } from "../domain/item.ts";
import { InvalidItemError } from "../domain/item-errors.ts";
import { parseItemFilter } from "./item-filter-parser.ts";
import type { ItemRepository } from "./item-repository.ts";
import { createPageToken, readPageToken } from "./page-token.ts";

const PAGE_SIZE_DEFAULT = 50;
const PAGE_SIZE_MAX = 1_000;

/** What `createListItems` needs. */
export interface ListItemsDependencies {
  readonly itemRepository: ItemRepository;
}

/** Asks for one page of items. */
export interface ItemPageRequest {
  /** How many items at the most. 0 means 50; more than 1,000 means 1,000. */
  readonly pageSize: number;
  /** The `nextPageToken` of the page before. Empty: the first page. */
  readonly pageToken: string;
  /** Which items. The same for all pages of a list. Empty: all items. */
  readonly filter: string;
}

/** One page of items. */
export interface ItemPage {
  readonly items: readonly Item[];
  /** Undefined after the last page. */
  readonly nextPageToken: string | undefined;
}

/** Returns one page of items, oldest first. Throws InvalidItemError. */
export type ListItems = (request: ItemPageRequest) => Promise<ItemPage>;

/** Makes the use case that lists items. */
export function createListItems({ itemRepository }: ListItemsDependencies): ListItems {
  return async ({ pageSize, pageToken, filter }) => {
    const size = effectivePageSize(pageSize);
    const itemFilter = parseItemFilter(filter);
    const secret = await itemRepository.pageTokenSecret();
    const after = pageToken === "" ? undefined : readPageToken(pageToken, { filter, secret });
    const listed = await itemRepository.list({ filter: itemFilter, after, limit: size + 1 });
    const page = listed.slice(0, size);
    const last = listed.length > size ? page.at(-1) : undefined;
    return {
      items: page.map(({ item }) => item),
      nextPageToken: last && createPageToken(last.position, { filter, secret }),
    };
  };
}

function effectivePageSize(pageSize: number): number {
  if (pageSize < 0) {
    throw new InvalidItemError([
      { field: "page_size", description: `must be 0 or more, got ${pageSize}` },
    ]);
  }
  return pageSize === 0 ? PAGE_SIZE_DEFAULT : Math.min(pageSize, PAGE_SIZE_MAX);
}
