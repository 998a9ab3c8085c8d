import { checkKey } from "../metadata/check-key.ts";

/** A key that a caller may send, in lower case. Throws a TypeError that names the option otherwise. */
export function checkMetadataKey(option: string, name: string): string {
  const key = name.toLowerCase();
  checkKey(key, option);
  return key;
}
