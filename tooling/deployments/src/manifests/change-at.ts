/** A copy of a manifest in which the field at `path`, as in "/spec/ports/0/port", is `value`, or gone if that is undefined. */
export function changeAt<Root extends object>(root: Root, path: string, value: unknown): Root {
  const changed = structuredClone(root);
  const keys = path.split("/").slice(1);
  const last = keys.pop() ?? "";
  const parent = keys.reduce(
    (part, key) => part[key] as Record<string, unknown>,
    changed as Record<string, unknown>,
  );
  parent[last] = value;
  return changed;
}
