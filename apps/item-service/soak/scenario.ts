import { randomUUID } from "node:crypto";
import type { CreateItemRequest } from "@grpc-kit/generated-protos/examples/items";
import type { Client } from "./clients.ts";
import type { Tally } from "./tally.ts";

/** What scenarios have to work with. */
export interface SoakParts {
  readonly tally: Tally;
  /** May call all, as `reader` may read; `stranger` has no token. */
  readonly client: Client;
  readonly reader: Client;
  readonly stranger: Client;
  /** Calls that are given up have a connection of their own: HTTP/2 limits how many there may be. */
  readonly fickle: Client;
  /** Opens one more client, with connections that no other has. */
  openClient(): Client;
  /** The live page. */
  readonly adminUrl: string;
  /** What the skus of this run begin with. */
  readonly prefix: string;
  /** The ids of the items that are there all the time. */
  readonly seedIds: readonly string[];
  /** Aborts when no more calls are to begin. */
  readonly signal: AbortSignal;
}

/** Makes some calls, one after the other. */
export type Scenario = (parts: SoakParts) => Promise<void>;

export const seedCount = 500;

/** What the skus of those items begin with. */
export function seedPrefix({ prefix }: Pick<SoakParts, "prefix">): string {
  return `${prefix}-seed-`;
}

export function newItem(
  { prefix }: Pick<SoakParts, "prefix">,
  fields: Partial<CreateItemRequest> = {},
): CreateItemRequest {
  const sku = `${prefix}-${randomUUID().slice(0, 23)}`;
  return { name: "Desk lamp", description: "It glows", sku, quantity: 10, price: 24.9, ...fields };
}
