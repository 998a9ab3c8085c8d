import type { ConvertPart } from "./conversion.ts";

/** An entity or a message, field by field. */
export type Fields = Readonly<Record<string, unknown>>;

/** How one field is made of an object. */
export interface Step {
  /** The name of the field in what is made. */
  readonly target: string;
  /** The name of the field to read. Undefined: all of the object is read. */
  readonly source: string | undefined;
  /** What makes the value of what is read. Undefined: it is taken as it is. */
  readonly convert: ((value: unknown) => unknown) | undefined;
  /** The name of the field in the proto, for violations. */
  readonly path: string;
}

/**
 * A function that makes an object by these steps. It is as fast as an object literal written by
 * hand, because it is one; a loop takes four times as long. Where the making of code from strings is
 * forbidden (`--disallow-code-generation-from-strings`) it is that loop.
 */
export function compile(steps: readonly Step[]): (source: Fields) => Fields {
  // Names go in as JSON strings and functions as arguments, so no name can become code.
  const properties = steps.map(({ target, source, convert }, index) => {
    const value = source === undefined ? "source" : `source[${JSON.stringify(source)}]`;
    const made = convert === undefined ? value : `convert${index}(${value})`;
    return `${propertyName(target)}: ${made}`;
  });
  const body = `return (source) => ({ ${properties.join(", ")} });`;
  try {
    const make = new Function(...steps.map((_, index) => `convert${index}`), body);
    return make(...steps.map(({ convert }) => convert));
  } catch (error) {
    if (!(error instanceof EvalError)) {
      throw error;
    }
    return (source) => makeInParts(steps, source, (_path, convert) => convert());
  }
}

/** Makes the same as what `compile` returns, each field on its own. */
export function makeInParts(
  steps: readonly Step[],
  source: Fields,
  convertPart: ConvertPart,
): Fields {
  const entries = steps.map(({ target, source: name, convert, path }) => {
    const value = name === undefined ? source : source[name];
    return [target, convert === undefined ? value : convertPart(path, () => convert(value))];
  });
  return Object.fromEntries(entries);
}

// In a literal, `"__proto__": value` would set the prototype.
function propertyName(name: string): string {
  return name === "__proto__" ? '["__proto__"]' : JSON.stringify(name);
}
