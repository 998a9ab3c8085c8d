import { type FieldViolation, ValidationError } from "@grpc-kit/grpc-status/errors";
import { isValidationError, show, violationsOf } from "./violation.ts";
import { joinPath } from "./violation-path.ts";

const VIOLATIONS_MAX = 100;

/** Converts what stands at `path`, and notes what is wrong with it; the value is undefined then. */
export type ConvertPart = <Result>(path: string, convert: () => Result) => Result | undefined;

/** How something is converted that has parts. Both ways give the same. */
export interface Conversion<Source, Target> {
  /** At full speed: whatever is wrong with any part is thrown as it is. */
  readonly fast: (source: Source) => Target;
  /**
   * Each part on its own, so that all that is wrong can be told. What it returns puts the parts
   * together; it is called if nothing is wrong with them.
   */
  readonly inParts: (source: Source, convertPart: ConvertPart) => () => Target;
  /** What to throw in place of `error`. Default: `error` itself. */
  readonly fail?: ((error: unknown) => unknown) | undefined;
}

// Conversions nest and are synchronous, so two variables know where the running one stands.
let depth = 0;
let isExplaining = false;

/**
 * A function that converts at full speed, and once more in parts if that throws. Only the outermost
 * conversion does so: if each did, a message nested a hundred levels deep would take 2^100 tries.
 */
export function conversion<Source, Target>({
  fast,
  inParts,
  fail = (error) => error,
}: Conversion<Source, Target>): (source: Source) => Target {
  return (source) => {
    if (isExplaining) {
      return explain(source, inParts);
    }
    depth += 1;
    try {
      return fast(source);
    } catch (error) {
      if (depth > 1) {
        throw error;
      }
    } finally {
      depth -= 1;
    }
    isExplaining = true;
    try {
      return explain(source, inParts);
    } catch (error) {
      throw fail(isValidationError(error) ? new ValidationError(violationsAt("", error)) : error);
    } finally {
      isExplaining = false;
    }
  };
}

/** Throws one ValidationError with all violations, up to a hundred. */
function explain<Source, Target>(
  source: Source,
  inParts: Conversion<Source, Target>["inParts"],
): Target {
  const violations: FieldViolation[] = [];
  const finish = inParts(source, (path, convert) => {
    if (violations.length >= VIOLATIONS_MAX) {
      return undefined;
    }
    try {
      return convert();
    } catch (error) {
      violations.push(...violationsAt(path, error));
      return undefined;
    }
  });
  if (violations.length > 0) {
    throw new ValidationError(violations.slice(0, VIOLATIONS_MAX));
  }
  return finish();
}

function violationsAt(path: string, error: unknown): FieldViolation[] {
  if (error instanceof ConverterFault) {
    throw new ConverterFault(joinPath(path, error.path), error.cause);
  }
  if (!isValidationError(error)) {
    throw new ConverterFault(path, error);
  }
  return violationsOf(error).map((violation) => ({
    ...violation,
    field: joinPath(path, violation.field),
  }));
}

/** A converter is broken; the value that it met need not be. */
class ConverterFault extends Error {
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(`cannot map ${path}: ${show(cause)}`, { cause });
    this.path = path;
  }
}
