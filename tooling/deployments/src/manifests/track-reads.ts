/** What has been read of a value, by whoever was given its `proxy`. */
export interface ReadTracker<Value extends object> {
  readonly proxy: Value;
  /** Paths of the keys that nobody has read, in objects of which some key was looked up. */
  unread(): readonly string[];
}

/**
 * Records which keys of `root` and all within it are read. A validator reads each field that its schema has, and each
 * key of a map: what it never read it does not know. An object in which it looked nothing up may hold anything.
 */
export function trackReads<Value extends object>(root: Value): ReadTracker<Value> {
  const reads = new Map<object, Set<string>>();
  const proxies = new Map<object, object>();

  function track<Part extends object>(part: Part): Part {
    const known = proxies.get(part);
    if (known !== undefined) {
      return known as Part;
    }
    const read = new Set<string>();
    const proxy = new Proxy(part, {
      get(target, key, receiver) {
        if (typeof key === "string") {
          read.add(key);
        }
        const value: unknown = Reflect.get(target, key, receiver);
        return isObject(value) ? track(value) : value;
      },
    });
    reads.set(part, read);
    proxies.set(part, proxy);
    return proxy;
  }

  function unreadOf(part: object, path: string): readonly string[] {
    const read = reads.get(part) ?? new Set();
    const isFree = Array.isArray(part) || read.size === 0;
    return Object.entries(part).flatMap(([key, value]) => {
      const at = `${path}/${key}`;
      if (!isFree && !read.has(key)) {
        return [at];
      }
      return isObject(value) ? unreadOf(value, at) : [];
    });
  }

  return { proxy: track(root), unread: () => unreadOf(root, "") };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
