import { inspect } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorSetSchema,
  MethodOptions_IdempotencyLevel as Level,
} from "@bufbuild/protobuf/wkt";

/** What a proto says of a method; "IDEMPOTENCY_UNKNOWN" if it says nothing. */
export type IdempotencyLevel = keyof typeof Level;

/** By path: "/examples.ItemService/GetItem". Methods that no proto is known of have none. */
export type IdempotencyLevels = ReadonlyMap<string, IdempotencyLevel>;

// A set may be large, and is often the same for all clients of a process.
const levelsOfSet = new WeakMap<Uint8Array, IdempotencyLevels>();

/**
 * The levels of all methods in serialised FileDescriptorSets; the last set that has a method counts.
 * Throws a TypeError if one cannot be read.
 */
export function readIdempotency(descriptorSets: readonly Uint8Array[]): IdempotencyLevels {
  if (!Array.isArray(descriptorSets)) {
    throw new TypeError(`descriptorSets must be an array, got ${inspect(descriptorSets)}`);
  }
  return new Map(descriptorSets.flatMap((set, position) => [...readSet(set, position)]));
}

function readSet(set: Uint8Array, position: number): IdempotencyLevels {
  const known = levelsOfSet.get(set);
  if (known !== undefined) {
    return known;
  }
  try {
    const levels = new Map(fromBinary(FileDescriptorSetSchema, set).file.flatMap(levelsOfFile));
    levelsOfSet.set(set, levels);
    return levels;
  } catch (cause) {
    const got = `${inspect(set, { maxArrayLength: 4 })} at ${position}`;
    throw new TypeError(`descriptorSets must be serialised FileDescriptorSets, got ${got}`, {
      cause,
    });
  }
}

function levelsOfFile(file: FileDescriptorProto): [path: string, IdempotencyLevel][] {
  const prefix = file.package === "" ? "" : `${file.package}.`;
  return file.service.flatMap((service) =>
    service.method.map(({ name, options }) => [
      `/${prefix}${service.name}/${name}`,
      Level[options?.idempotencyLevel ?? Level.IDEMPOTENCY_UNKNOWN] as IdempotencyLevel,
    ]),
  );
}
