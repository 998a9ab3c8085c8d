import type { Metadata } from "@grpc/grpc-js";

/** What metadata should stay below: many peers refuse more, and past 64 KiB a call with grpc-js hangs. */
export const maxMetadataBytes = 8192;

// RFC 9113, section 6.5.2.
const entryOverheadBytes = 32;

/** The size of metadata as HTTP/2 counts it: of each entry its key, its value and 32 bytes. */
export function metadataBytes(metadata: Metadata): number {
  let total = 0;
  for (const [key, values] of Object.entries(metadata.toJSON())) {
    for (const value of values) {
      const valueBytes = typeof value === "string" ? value.length : Math.ceil(value.length / 3) * 4;
      total += key.length + valueBytes + entryOverheadBytes;
    }
  }
  return total;
}
