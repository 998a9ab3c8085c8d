import type { Metadata, MetadataValue } from "@grpc/grpc-js";
import { checkKey } from "./check-key.ts";

/** A key with one value. */
export interface MetadataKey<Read, Written = Read> {
  readonly name: string;
  /** The value; undefined if there is none, more than one, or one that is too long. Never throws. */
  get(metadata: Metadata): Read | undefined;
  /** Puts this value in the place of those that are there. */
  set(metadata: Metadata, value: Written): void;
}

/** A key with any number of values. */
export interface MetadataListKey<Read, Written = Read> {
  readonly name: string;
  /** The values in their order, without those that are too long. Never throws. */
  getAll(metadata: Metadata): readonly Read[];
  /** Puts these values in the place of those that are there. */
  set(metadata: Metadata, values: readonly Written[]): void;
  append(metadata: Metadata, value: Written): void;
}

export interface MetadataKeyOptions {
  /** What a value may have at the most, before base64. Default: 1_024. */
  readonly maxBytes?: number;
}

type BinaryValue = Buffer<ArrayBufferLike>;

interface Codec<Written> {
  readonly maxBytes: number;
  encode(value: Written): MetadataValue;
}

// HTTP removes blanks around a value: RFC 9113, section 8.2.1.
const legalText = /^(?! )[ -~]*(?<! )$/;

/** A key whose value is text: printable ASCII. */
export function textKey(name: string, options: MetadataKeyOptions = {}): MetadataKey<string> {
  return singleKey<string, string>(name, textCodec(name, options));
}

/** A key whose value is bytes. Its name ends in "-bin". */
export function binaryKey(
  name: string,
  options: MetadataKeyOptions = {},
): MetadataKey<BinaryValue, Uint8Array> {
  return singleKey<BinaryValue, Uint8Array>(name, binaryCodec(name, options));
}

/**
 * A key with a list of texts. HTTP may join the values of a repeated key with commas, so that no value
 * may have one; and one that is sent as "a, b" is read as two.
 */
export function textListKey(
  name: string,
  options: MetadataKeyOptions = {},
): MetadataListKey<string> {
  const { maxBytes, encode } = textCodec(name, options);
  const codec: Codec<string> = {
    maxBytes,
    encode(value) {
      const text = encode(value);
      if (value === "" || value.includes(",")) {
        throw new TypeError(`a value of ${name} must not be empty or have a comma`);
      }
      return text;
    },
  };
  return listKey<string, string>(name, codec, (values) =>
    values.flatMap((value) => String(value).split(",").map(trim).filter(Boolean)),
  );
}

/** A key with a list of byte sequences. Its name ends in "-bin". */
export function binaryListKey(
  name: string,
  options: MetadataKeyOptions = {},
): MetadataListKey<BinaryValue, Uint8Array> {
  const codec = binaryCodec(name, options);
  return listKey<BinaryValue, Uint8Array>(name, codec, (values) => values as BinaryValue[]);
}

function singleKey<Read extends MetadataValue, Written>(
  name: string,
  { maxBytes, encode }: Codec<Written>,
): MetadataKey<Read, Written> {
  return {
    name,
    get(metadata) {
      const values = metadata.get(name);
      const [value] = values;
      return value === undefined || values.length > 1 || value.length > maxBytes
        ? undefined
        : (value as Read);
    },
    set: (metadata, value) => metadata.set(name, encode(value)),
  };
}

function listKey<Read extends MetadataValue, Written>(
  name: string,
  { maxBytes, encode }: Codec<Written>,
  split: (values: readonly MetadataValue[]) => readonly Read[],
): MetadataListKey<Read, Written> {
  return {
    name,
    getAll: (metadata) => split(metadata.get(name)).filter(({ length }) => length <= maxBytes),
    set(metadata, values) {
      const encoded = values.map(encode);
      metadata.remove(name);
      for (const value of encoded) {
        metadata.add(name, value);
      }
    },
    append: (metadata, value) => metadata.add(name, encode(value)),
  };
}

function textCodec(name: string, { maxBytes = 1024 }: MetadataKeyOptions): Codec<string> {
  checkKey(name, "name");
  checkMaxBytes(maxBytes);
  if (name.endsWith("-bin")) {
    throw new TypeError(`the name of a key for text must not end in "-bin", got "${name}"`);
  }
  return {
    maxBytes,
    // What is wrong with a value is said without the value: it may be a secret.
    encode(value) {
      if (typeof value !== "string" || !legalText.test(value)) {
        throw new TypeError(
          `the value of ${name} must be printable ASCII without blanks at its ends`,
        );
      }
      checkLength(name, value.length, maxBytes);
      return value;
    },
  };
}

function binaryCodec(name: string, { maxBytes = 1024 }: MetadataKeyOptions): Codec<Uint8Array> {
  checkKey(name, "name");
  checkMaxBytes(maxBytes);
  if (!name.endsWith("-bin")) {
    throw new TypeError(`the name of a key for bytes must end in "-bin", got "${name}"`);
  }
  return {
    maxBytes,
    encode(value) {
      if (!(value instanceof Uint8Array)) {
        throw new TypeError(`the value of ${name} must be bytes, got a ${typeof value}`);
      }
      checkLength(name, value.length, maxBytes);
      return Buffer.from(value);
    },
  };
}

function checkMaxBytes(maxBytes: number): void {
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) {
    throw new RangeError(`maxBytes must be a positive integer, got ${maxBytes}`);
  }
}

function checkLength(name: string, length: number, maxBytes: number): void {
  if (length > maxBytes) {
    throw new RangeError(`the value of ${name} must be at most ${maxBytes} bytes, got ${length}`);
  }
}

function trim(text: string): string {
  return text.trim();
}
