import { type FieldViolation, isAppError, ValidationError } from "@grpc-kit/grpc-status/errors";

const QUOTED_MAX = 80;

/** Throws a ValidationError: `must be ${expected}, got ${got}`. What converts a field adds its path. */
export function refuse(expected: string, got: string): never {
  throw new ValidationError([{ field: "", description: `must be ${expected}, got ${got}` }]);
}

/** A value as it stands in a message: no more than 80 characters of a caller's text. */
export function show(value: unknown): string {
  const text = String(value);
  const cut = text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text;
  return typeof value === "string" ? JSON.stringify(cut.toWellFormed()) : cut;
}

/** Whether `error` is a ValidationError, from this copy of grpc-status or another. */
export function isValidationError(error: unknown): error is ValidationError {
  return isAppError(error) && error.kind === "ValidationError";
}

/** What a ValidationError found: its message alone, if it names no fields. */
export function violationsOf({ message, violations }: ValidationError): readonly FieldViolation[] {
  return violations.length > 0 ? violations : [{ field: "", description: message }];
}
