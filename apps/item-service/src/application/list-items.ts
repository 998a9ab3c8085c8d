import { createPageTokens, type PageTokens, pageSize } from "@grpc-kit/grpc-mappers/page-token";
import type { Item } from "../domain/item.ts";
import { parseItemFilter } from "./item-filter-parser.ts";
import type { ItemRepository, RepositoryCall } from "./item-repository.ts";

const PAGE_SIZE = { default: 50, max: 1_000 };

/** What `createListItems` needs. */
export interface ListItemsDependencies {
  readonly itemRepository: ItemRepository;
  readonly now: () => Date;
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

/** Returns one page of items, oldest first. Throws ValidationError. */
export type ListItems = (request: ItemPageRequest, call?: RepositoryCall) => Promise<ItemPage>;

/** Makes the use case that lists items. */
export function createListItems({ itemRepository, now }: ListItemsDependencies): ListItems {
  let tokens: PageTokens<number> | undefined;
  const pageTokens = async (): Promise<PageTokens<number>> => {
    tokens ??= createPageTokens<number>({
      secrets: [await itemRepository.pageTokenSecret()],
      now: () => now().getTime(),
    });
    return tokens;
  };
  return async ({ pageSize: requestedSize, pageToken, filter }, call) => {
    const size = pageSize(requestedSize, PAGE_SIZE);
    const itemFilter = parseItemFilter(filter);
    const { create, read } = await pageTokens();
    const after = pageToken === "" ? undefined : read(pageToken, { filter });
    const query = { filter: itemFilter, after, limit: size + 1 };
    const listed = await itemRepository.list(query, call);
    const page = listed.slice(0, size);
    const last = listed.length > size ? page.at(-1) : undefined;
    return {
      items: page.map(({ item }) => item),
      nextPageToken: last && create(last.position, { filter }),
    };
  };
}
