import { bytesOf, numbersOf, readFields, textsOf, type WireFields } from "./wire-fields.ts";

/** An extension that a file declares. */
export interface DeclaredExtension {
  /** The full name of the message that it extends: "google.protobuf.FieldOptions". */
  readonly extendee: string;
  readonly number: number;
}

/** What lookups need to know of a `google.protobuf.FileDescriptorProto`. */
export interface FileDescriptor {
  readonly name: string;
  /** As they are in the set: to encode it again might lose custom options. */
  readonly bytes: Buffer;
  readonly imports: readonly string[];
  /** Imports that a set may go without: weak ones, and those for options only. */
  readonly optionalImports: readonly string[];
  /** The full name of all that has one. */
  readonly symbols: readonly string[];
  readonly extensions: readonly DeclaredExtension[];
}

/** The files of a serialised `google.protobuf.FileDescriptorSet`. Throws if it is none. */
export function readFileDescriptorSet(set: Uint8Array): readonly FileDescriptor[] {
  return bytesOf(readFields(set), 1).map(readFileDescriptor);
}

// Numbers of fields are those of
// https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto
function readFileDescriptor(bytes: Uint8Array): FileDescriptor {
  const file = readFields(bytes);
  const symbols: string[] = [];
  const extensions: DeclaredExtension[] = [];

  function add(scope: string, declaration: WireFields): string {
    const symbol = scope + nameOf(declaration);
    symbols.push(symbol);
    return `${symbol}.`;
  }
  function addAll(scope: string, parent: WireFields, field: number): void {
    for (const child of bytesOf(parent, field)) {
      add(scope, readFields(child));
    }
  }
  function addMessage(scope: string, message: WireFields): void {
    const inner = add(scope, message);
    addAll(inner, message, 2);
    addAll(inner, message, 8);
    addTypes(inner, message, { messages: 3, enums: 4, extensions: 6 });
  }
  function addTypes(scope: string, parent: WireFields, numbers: TypeFields): void {
    for (const message of bytesOf(parent, numbers.messages)) {
      addMessage(scope, readFields(message));
    }
    for (const bytesOfEnum of bytesOf(parent, numbers.enums)) {
      const declaration = readFields(bytesOfEnum);
      add(scope, declaration);
      // The values of an enum are its siblings, as in C++.
      addAll(scope, declaration, 2);
    }
    for (const bytesOfExtension of bytesOf(parent, numbers.extensions)) {
      const extension = readFields(bytesOfExtension);
      add(scope, extension);
      const extendee = textsOf(extension, 2).at(-1) ?? "";
      extensions.push({
        extendee: extendee.replace(/^\./, ""),
        number: numbersOf(extension, 3).at(-1) ?? 0,
      });
    }
  }

  const packageName = textsOf(file, 2).at(-1) ?? "";
  const scope = packageName === "" ? "" : `${packageName}.`;
  addTypes(scope, file, { messages: 4, enums: 5, extensions: 7 });
  for (const bytesOfService of bytesOf(file, 6)) {
    const service = readFields(bytesOfService);
    addAll(add(scope, service), service, 2);
  }

  const dependencies = textsOf(file, 3);
  const weak = new Set(numbersOf(file, 11));
  return {
    name: nameOf(file),
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    imports: dependencies.filter((_, index) => !weak.has(index)),
    optionalImports: [...dependencies.filter((_, index) => weak.has(index)), ...textsOf(file, 15)],
    symbols,
    extensions,
  };
}

interface TypeFields {
  readonly messages: number;
  readonly enums: number;
  readonly extensions: number;
}

function nameOf(declaration: WireFields): string {
  const name = textsOf(declaration, 1).at(-1);
  if (name === undefined) {
    throw new Error("a descriptor has no name");
  }
  return name;
}
