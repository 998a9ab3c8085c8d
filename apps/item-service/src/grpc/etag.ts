import type { ServedCall } from "@grpc-kit/grpc-context";
import { ValidationError } from "@grpc-kit/grpc-status/errors";
import type { VersionedCall } from "../application/versioned-call.ts";
import { withSignalOf } from "../application/with-signal-of.ts";
import type { Item } from "../domain/item.ts";
import { itemVersion } from "../domain/item-version.ts";
import { quote } from "../domain/text.ts";

const NAME = "if-match";

// https://www.rfc-editor.org/rfc/rfc9110#field.etag
const ENTITY_TAG = `(?:W/)?"[!#-~]*"`;
const EACH_ENTITY_TAG = new RegExp(ENTITY_TAG, "g");
const ENTITY_TAGS = new RegExp(`^${ENTITY_TAG}(?: *, *${ENTITY_TAG})*$`);

/** The etag of an item. */
export function toEtag(item: Item): string {
  return `"${itemVersion(item)}"`;
}

/**
 * The call with the versions that it expects, if it came with `if-match`. Throws ValidationError if that is none.
 * https://www.rfc-editor.org/rfc/rfc9110#field.if-match
 */
export function readVersionedCall(call: ServedCall): VersionedCall {
  const values = call.metadata.get(NAME);
  const value = values.join(", ");
  // An item that is there matches "*", and one that is not is not found in any case.
  if (values.length === 0 || value === "*") {
    return call;
  }
  if (!ENTITY_TAGS.test(value)) {
    const description = `must be "*" or quoted etags, got ${quote(value)}`;
    throw new ValidationError([{ field: NAME, description }]);
  }
  // A weak etag, which has W/ before it, matches nothing.
  const tags = value.match(EACH_ENTITY_TAG) ?? [];
  const expectedVersions = tags.map((tag) => tag.replace(/^"(.*)"$/, "$1"));
  return withSignalOf(call, { expectedVersions });
}
