import type { status } from "@grpc/grpc-js";
import { isStatusError } from "@grpc-kit/grpc-status";

/** The status code that an error carries, if it carries one. */
export function codeOf(error: unknown): status | undefined {
  return isStatusError(error) ? error.code : undefined;
}
