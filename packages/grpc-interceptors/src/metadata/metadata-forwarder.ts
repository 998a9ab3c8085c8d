import { Metadata } from "@grpc/grpc-js";
import { checkKey, isProtocolKey } from "./check-key.ts";
import { isSensitiveName } from "./sensitive-names.ts";

/** Copies what may go on to the next server into `to`, over what is there, and returns it. */
export type MetadataForwarder = (from: Metadata, to?: Metadata) => Metadata;

/**
 * Passes on metadata of the call that is served to calls that it makes: what is on the list, and nothing
 * else. "x-b3-*" stands for all keys that begin so, but for neither those of the protocol nor credentials:
 * "authorization" and its kin go on only where they are named.
 */
export function createMetadataForwarder(allow: readonly string[]): MetadataForwarder {
  const [names, prefixes]: [Set<string>, string[]] = [new Set(), []];
  for (const entry of allow) {
    if (entry.endsWith("*")) {
      const prefix = entry.slice(0, -1);
      checkKey(prefix, "allow");
      prefixes.push(prefix);
    } else {
      checkKey(entry, "allow");
      names.add(entry);
    }
  }
  // Each server has a user agent of its own.
  const isOwn = (key: string): boolean => isProtocolKey(key) || key === "user-agent";
  const isAllowed = (key: string): boolean =>
    names.has(key) ||
    (prefixes.some((prefix) => key.startsWith(prefix)) && !isOwn(key) && !isSensitiveName(key));
  return (from, to = new Metadata()) => {
    for (const [key, values] of Object.entries(from.toJSON())) {
      if (isAllowed(key)) {
        to.remove(key);
        for (const value of values) {
          to.add(key, value);
        }
      }
    }
    return to;
  };
}
