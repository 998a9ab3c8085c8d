import type { FileDescriptor } from "./file-descriptor.ts";

/** Finds the files of descriptor sets by what is in them. */
export interface DescriptorIndex {
  file(name: string): FileDescriptor | undefined;
  fileOfSymbol(symbol: string): FileDescriptor | undefined;
  fileOfExtension(extendee: string, number: number): FileDescriptor | undefined;
  /** In ascending order; undefined if there is no such type. */
  extensionNumbers(extendee: string): readonly number[] | undefined;
  /** The file and all that it imports, directly or not: breadth first, as grpc-go sends them. */
  withImports(file: FileDescriptor): readonly FileDescriptor[];
}

/**
 * Indexes files. Of two with the same name the first counts, as sets often share files that differ
 * by comments only. Throws a TypeError if the second has more in it, or if an import is missing:
 * clients could not make sense of the files, and would find out much later.
 */
export function createDescriptorIndex(files: Iterable<FileDescriptor>): DescriptorIndex {
  const byName = new Map<string, FileDescriptor>();
  const bySymbol = new Map<string, FileDescriptor>();
  const byExtension = new Map<string, Map<number, FileDescriptor>>();
  const closures = new Map<FileDescriptor, readonly FileDescriptor[]>();

  for (const file of files) {
    const first = byName.get(file.name);
    if (first !== undefined) {
      checkSameSymbols(first, file);
      continue;
    }
    byName.set(file.name, file);
    for (const symbol of file.symbols) {
      setFirst(bySymbol, symbol, file);
    }
    for (const { extendee, number } of file.extensions) {
      setFirst(setFirst(byExtension, extendee, new Map()), number, file);
    }
  }
  for (const file of byName.values()) {
    checkImports(file, byName);
  }

  function collect(file: FileDescriptor): readonly FileDescriptor[] {
    // A set keeps its order, and iterating it reaches what is added on the way.
    const closure = new Set([file]);
    for (const { imports, optionalImports } of closure) {
      for (const name of [...imports, ...optionalImports]) {
        const imported = byName.get(name);
        if (imported !== undefined) {
          closure.add(imported);
        }
      }
    }
    return [...closure];
  }

  return {
    file: (name) => byName.get(name),
    fileOfSymbol: (symbol) => bySymbol.get(symbol),
    fileOfExtension: (extendee, number) => byExtension.get(extendee)?.get(number),
    extensionNumbers(extendee) {
      const numbers = byExtension.get(extendee);
      if (numbers === undefined) {
        return bySymbol.has(extendee) ? [] : undefined;
      }
      return [...numbers.keys()].sort((a, b) => a - b);
    },
    withImports: (file) => closures.get(file) ?? setFirst(closures, file, collect(file)),
  };
}

function setFirst<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Value {
  const first = map.get(key);
  if (first !== undefined) {
    return first;
  }
  map.set(key, value);
  return value;
}

function checkSameSymbols(first: FileDescriptor, second: FileDescriptor): void {
  if (second.bytes.equals(first.bytes)) {
    return;
  }
  const known = new Set(first.symbols);
  const added = second.symbols.find((symbol) => !known.has(symbol));
  if (added !== undefined) {
    throw new TypeError(
      `descriptorSets must agree on "${first.name}", got ${added} in a later one only`,
    );
  }
}

function checkImports(
  { name, imports }: FileDescriptor,
  files: ReadonlyMap<string, unknown>,
): void {
  const missing = imports.find((imported) => !files.has(imported));
  if (missing !== undefined) {
    throw new TypeError(
      `descriptorSets must have all imports, got "${name}" without "${missing}" ` +
        "(buf build adds them, protoc does with --include_imports)",
    );
  }
}
