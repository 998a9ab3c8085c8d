import { type Interceptor, Metadata, type MetadataValue } from "@grpc/grpc-js";
import { currentCall } from "@grpc-kit/grpc-context";
import { clientInterceptor } from "./client-hook.ts";
import { checkMetadataKey } from "./metadata-key.ts";

/** What goes with every call. */
export interface MetadataOptions {
  /** Keys of the call being served that are passed on. Default: none. */
  readonly forward?: readonly string[];
  /** Keys and values that are always the same; a key in "-bin" has bytes. Default: none. */
  readonly set?: Readonly<Record<string, string | Uint8Array>>;
  /** Whether keys that prove who someone is may be among them. Default: false. */
  readonly allowCredentials?: boolean;
}

const credentialKeys: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "x-api-key",
]);

/**
 * Sends metadata with every call: what the call being served came with, if its key is on the list, and
 * fixed values. What the caller has set stays; what was forwarded goes before what is fixed.
 */
export function metadata({
  forward = [],
  set = {},
  allowCredentials = false,
}: MetadataOptions = {}): Interceptor {
  const forwarded = forward.map((key) => checkKey("forward", key, allowCredentials));
  const fixed = Object.entries(set).map(([name, value]): [string, MetadataValue] => [
    checkKey("set", name, allowCredentials),
    checkValue(name, value),
  ]);
  return clientInterceptor(({ metadata: sent }) => {
    const came = forwarded.length === 0 ? undefined : currentCall()?.metadata;
    if (came !== undefined) {
      for (const key of forwarded) {
        addMissing(sent, key, came.get(key));
      }
    }
    for (const [key, value] of fixed) {
      addMissing(sent, key, [value]);
    }
    return undefined;
  });
}

function addMissing(sent: Metadata, key: string, values: readonly MetadataValue[]): void {
  if (sent.get(key).length === 0) {
    for (const value of values) {
      sent.add(key, value);
    }
  }
}

function checkKey(option: string, name: string, allowCredentials: boolean): string {
  const key = checkMetadataKey(option, name);
  if (credentialKeys.has(key) && !allowCredentials) {
    throw new TypeError(`${option} has ${name}, which needs allowCredentials`);
  }
  return key;
}

function checkValue(name: string, value: string | Uint8Array): MetadataValue {
  const checked = typeof value === "string" ? value : Buffer.from(value);
  try {
    new Metadata().set(name, checked);
  } catch {
    // The error of grpc-js has the value, which may be a secret.
    throw new TypeError(`set["${name}"] must be printable ASCII, or bytes if its key ends in -bin`);
  }
  return checked;
}
