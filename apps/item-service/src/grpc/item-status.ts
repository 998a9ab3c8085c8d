import { status } from "@grpc/grpc-js";
import type { ErrorDetail } from "@grpc-kit/generated-protos/common/errors";
import { StatusError } from "@grpc-kit/grpc-status";
import {
  BatchTooLargeError,
  InvalidItemError,
  ItemNotFoundError,
  SkuTakenError,
} from "../domain/item-errors.ts";

/** What the domain says no with. */
export type ItemError = InvalidItemError | ItemNotFoundError | SkuTakenError | BatchTooLargeError;

const codes = new Map<unknown, status>([
  [InvalidItemError, status.INVALID_ARGUMENT],
  [ItemNotFoundError, status.NOT_FOUND],
  [SkuTakenError, status.ALREADY_EXISTS],
  [BatchTooLargeError, status.RESOURCE_EXHAUSTED],
]);

export function isItemError(error: unknown): error is ItemError {
  return codeOf(error) !== undefined;
}

/** The error as a part of an answer. */
export function toErrorDetail(
  error: ItemError,
  metadata: Map<string, string> = new Map(),
): ErrorDetail {
  return { code: error.name, message: error.message, field: fieldOf(error), metadata };
}

/** Settles as `work` does, but with a StatusError in place of an error of the domain. */
export async function withStatus<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    const code = codeOf(error);
    throw code === undefined
      ? error
      : new StatusError(code, (error as ItemError).message, { cause: error });
  }
}

function codeOf(error: unknown): status | undefined {
  return error instanceof Error ? codes.get(error.constructor) : undefined;
}

function fieldOf(error: ItemError): string {
  if (error instanceof InvalidItemError) {
    return error.violations[0]?.field ?? "";
  }
  return error instanceof SkuTakenError ? "sku" : "";
}
