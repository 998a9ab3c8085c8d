import { show } from "./violation.ts";

/** A field by its name in the proto: "createdAt" is `created_at`, "fInt32" is `f_int32`. */
export function protoName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The inverse: "created_at" is `createdAt`. Undefined for what is not in snake_case. */
export function messageName(name: string): string | undefined {
  return /[A-Z]/.test(name)
    ? undefined
    : name.replace(/_([a-z0-9])/g, (_match, first: string) => first.toUpperCase());
}

/** What stands for an entry of a map in a path: `["key"]`, or `[7]` if keys are numbers. */
export function keySegment(key: unknown): string {
  return `[${show(key)}]`;
}

/**
 * A path that leaves out its parent: the fields of a oneof are fields of the message, and the name
 * of the oneof stands in no path.
 */
export function besideParent(path: string): string {
  return `../${path}`;
}

/** The path of `child`, which is one in `parent`: "leaf" and "veins[2].length", or "[2]" and "length". */
export function joinPath(parent: string, child: string): string {
  if (child.startsWith("../")) {
    return child.slice("../".length);
  }
  return child === "" || parent === "" || child.startsWith("[")
    ? `${parent}${child}`
    : `${parent}.${child}`;
}
