import type { Converter } from "./converter.ts";

/**
 * Bytes, copied both ways: what is written to one side later does not show on the other. `copy`
 * shares them, and what a decoder reads may share the memory of the whole message.
 */
export const bytes: Converter<Uint8Array, Buffer, Uint8Array> = {
  toProto: (value) => Buffer.from(value),
  fromProto: (wire) => new Uint8Array(wire),
};
