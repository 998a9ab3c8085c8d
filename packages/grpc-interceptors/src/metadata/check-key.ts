import { isReserved } from "@grpc-kit/grpc-status";

const legalKey = /^[0-9a-z_.-]+$/;

/** Throws a TypeError unless this is a key that an application may use. */
export function checkKey(key: string, option = "key"): void {
  if (typeof key !== "string" || !legalKey.test(key)) {
    throw new TypeError(
      `${option} must be of lower-case letters, digits and _.-, got ${JSON.stringify(key)}`,
    );
  }
  if (isProtocolKey(key)) {
    throw new TypeError(`${option} must be none of the protocol's own, got ${JSON.stringify(key)}`);
  }
}

/** Whether the key is gRPC's or HTTP's: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export function isProtocolKey(key: string): boolean {
  return key.startsWith("grpc-") || isReserved(key);
}
