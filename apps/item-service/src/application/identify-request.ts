import { createHash } from "node:crypto";
import type { NewItem } from "../domain/item.ts";
import type { IdempotencyKey, IdempotentRequest } from "./idempotency.ts";

/** A request that is being read. */
export interface RequestIdentity {
  /** Adds what the request says next. It is not kept. */
  add(newItem: NewItem): void;
  /** Ends the request. */
  end(): IdempotentRequest;
}

/** Makes out which request to `operation` it is that has this key. */
export function identifyRequest(operation: string, key: IdempotencyKey): RequestIdentity {
  const hash = createHash("sha256").update(`${operation}\n`);
  return {
    add({ name, description, sku, quantity, price, isActive = true }) {
      // JSON has no NaN, which a price in a batch may be. It leaves no line break inside.
      const fields = [name, description, sku, quantity, String(price), isActive];
      hash.update(`${JSON.stringify(fields)}\n`);
    },
    end: () => ({ ...key, fingerprint: hash.digest("base64url") }),
  };
}
