import { ValidationError } from "@grpc-kit/grpc-status/errors";

/** What `run` throws; undefined if it does not. */
export function thrownBy(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The fields and descriptions of the ValidationError that `run` throws. */
export function violationsIn(run: () => unknown): readonly [string, string][] {
  const error = thrownBy(run);
  if (!(error instanceof ValidationError)) {
    throw new Error("no ValidationError was thrown", { cause: error });
  }
  return error.violations.map(({ field, description }) => [field, description]);
}
