import type { status } from "@grpc/grpc-js";
import { isErrorCode, type StatusError } from "./status-error.ts";

/**
 * Says what the caller is told of an error: a StatusError tells what it was made to tell; a code alone
 * tells the error's message if its `expose` is true, and else only what the code means. Undefined: it
 * is for the next rule.
 */
export type ErrorRule = (error: unknown) => StatusError | status | undefined;

/**
 * The rule for the errors of a class and its subclasses. Throws a RangeError for a code that no error
 * has.
 */
export function errorRule<Type>(
  type: abstract new (...args: never) => Type,
  to: status | ((error: Type) => StatusError),
): ErrorRule {
  if (typeof type !== "function") {
    throw new TypeError(`type must be a class, got ${String(type)}`);
  }
  if (typeof to === "function") {
    return (error) => (error instanceof type ? to(error) : undefined);
  }
  if (!isErrorCode(to)) {
    throw new RangeError(`to must be a gRPC status code from 1 to 16, got ${String(to)}`);
  }
  return (error) => (error instanceof type ? to : undefined);
}
