import { inspect } from "node:util";
import { type ErrorToStatus, errorToStatus as standardErrorToStatus } from "@grpc-kit/grpc-status";
import type { CallContext } from "./call-context.ts";
import type { OnError } from "./route.ts";

/** It runs where a call ends, and whatever it throws would end the process instead. */
export function guardOnError(onError: OnError): OnError {
  return (error, context, errorId) => {
    const report = async (): Promise<void> => onError(error, context, errorId);
    report().catch((thrown: unknown) => {
      writeToStderr(error, context, errorId);
      writeToStderr(thrown, context, undefined);
    });
  };
}

export function guardErrorToStatus(errorToStatus: ErrorToStatus): ErrorToStatus {
  return (error, context) => {
    try {
      return errorToStatus(error, context);
    } catch (thrown) {
      process.stderr.write(`errorToStatus has thrown: ${show(thrown)}\n`);
      return standardErrorToStatus(undefined, context);
    }
  };
}

export function writeToStderr(
  error: unknown,
  { path }: CallContext,
  errorId: string | undefined,
): void {
  const id = errorId === undefined ? "" : ` [error id ${errorId}]`;
  process.stderr.write(`${path}${id}: ${show(error)}\n`);
}

function show(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return "an error that cannot be shown";
  }
}
