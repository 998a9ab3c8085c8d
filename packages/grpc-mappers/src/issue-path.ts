import type { StandardIssue } from "./standard-schema.ts";
import { joinPath, keySegment, protoName } from "./violation-path.ts";

/**
 * The path of an issue by the names in the proto. It is found along the message, as only that tells a
 * position from the key of a map, and a oneof, whose own name is in no path, from a message.
 */
export function issuePath(message: unknown, path: StandardIssue["path"] = []): string {
  let field = "";
  let parent = "";
  let value = message;
  for (const segment of path) {
    const key = typeof segment === "object" ? segment.key : segment;
    if (isCase(value)) {
      field = key === "value" ? joinPath(parent, protoName(value.$case)) : field;
    } else {
      parent = field;
      field = joinPath(field, nameOf(value, key));
    }
    value = valueAt(value, key);
  }
  return field;
}

function nameOf(parent: unknown, key: PropertyKey): string {
  if (parent instanceof Map) {
    return keySegment(key);
  }
  return typeof key === "number" ? `[${key}]` : protoName(String(key));
}

function valueAt(parent: unknown, key: PropertyKey): unknown {
  if (parent instanceof Map) {
    return parent.get(key);
  }
  return typeof parent === "object" && parent !== null
    ? (parent as Readonly<Record<PropertyKey, unknown>>)[key]
    : undefined;
}

function isCase(value: unknown): value is { readonly $case: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "$case" in value &&
    typeof value.$case === "string"
  );
}
