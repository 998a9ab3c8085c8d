import type { Metadata } from "@grpc/grpc-js";
import type { Attributes } from "@opentelemetry/api";

const secretKey = /auth|cookie|token|secret|passw|api-?key|credential|session|-bin$/;
const maxValueLength = 1024;

/** Reads these metadata of a call into attributes. */
export function requestAttributes(
  requestMetadata: readonly string[],
): (metadata: Metadata) => Attributes {
  const names = requestMetadata.map((key): readonly [key: string, name: string] => {
    const lowerCased = checkKey(key).toLowerCase();
    return [lowerCased, `rpc.request.metadata.${lowerCased}`];
  });
  return (metadata) => {
    const attributes: Attributes = {};
    for (const [key, name] of names) {
      const values = metadata.get(key);
      if (values.length > 0) {
        attributes[name] = values.map((value) => String(value).slice(0, maxValueLength));
      }
    }
    return attributes;
  };
}

function checkKey(key: string): string {
  if (!/^[\w.-]+$/.test(key)) {
    throw new TypeError(`requestMetadata must be keys of metadata, got ${JSON.stringify(key)}`);
  }
  if (secretKey.test(key.toLowerCase())) {
    throw new RangeError(`requestMetadata must name no secrets and no bytes, got ${key}`);
  }
  return key;
}
