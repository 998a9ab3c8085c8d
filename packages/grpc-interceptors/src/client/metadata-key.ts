import { isReserved } from "@grpc-kit/grpc-status";

const keyShape = /^[0-9a-z_.-]+$/;

/**
 * A key that a caller may send, in lower case. Throws a TypeError that names the option otherwise:
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md has "grpc-" for gRPC itself.
 */
export function checkMetadataKey(option: string, name: string): string {
  const key = name.toLowerCase();
  if (!keyShape.test(key)) {
    throw new TypeError(`${option} must be metadata keys, got "${name}"`);
  }
  if (isReserved(key) || key.startsWith("grpc-")) {
    throw new TypeError(`${option} must have no reserved keys, got "${name}"`);
  }
  return key;
}
