import { createHmac, timingSafeEqual } from "node:crypto";
import { InvalidItemError } from "../domain/item-errors.ts";
import { quote } from "../domain/text.ts";

const POSITION_BYTES = 8;

/** What a page token holds good for. */
export interface PageTokenScope {
  /** The filter of the list. A token of one list is refused for another. */
  readonly filter: string;
  readonly secret: Uint8Array;
}

/**
 * Makes the token of the page after `position`. It is signed: a client that could make its own would
 * come to depend on what is inside.
 */
export function createPageToken(position: number, scope: PageTokenScope): string {
  const bytes = Buffer.alloc(POSITION_BYTES);
  bytes.writeBigUInt64BE(BigInt(position));
  return Buffer.concat([bytes, sign(bytes, scope)]).toString("base64url");
}

/** Reads the position out of a token. Throws InvalidItemError unless it was made for this scope. */
export function readPageToken(token: string, scope: PageTokenScope): number {
  const bytes = Buffer.from(token, "base64url");
  const position = bytes.subarray(0, POSITION_BYTES);
  const expected = Buffer.concat([position, sign(position, scope)]);
  // Decoding ignores what is not base64, so the text has to be compared as well.
  if (
    bytes.length !== expected.length ||
    !timingSafeEqual(bytes, expected) ||
    bytes.toString("base64url") !== token
  ) {
    throw new InvalidItemError([
      {
        field: "page_token",
        description: `must be the token of the page before, with the same filter, got ${quote(token)}`,
      },
    ]);
  }
  return Number(position.readBigUInt64BE());
}

function sign(position: Uint8Array, { filter, secret }: PageTokenScope): Buffer {
  return createHmac("sha256", secret).update(position).update(filter).digest();
}
