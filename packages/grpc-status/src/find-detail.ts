import { isGrpcCallError, isServiceError } from "./call-error.ts";
import {
  type DetailName,
  type ErrorDetails,
  type StandardDetails,
  typeNameOf,
} from "./error-details.ts";
import { readErrorDetails } from "./status-details.ts";

/** A type of detail beyond the standard ones. */
export interface DetailType<Message> {
  /** The message's full name: "shop.v1.Shortage". */
  readonly typeName: string;
  readonly decode: (bytes: Uint8Array) => Message;
}

/**
 * The detail of this type that the server sent with the error of a call; undefined if it sent none,
 * or none that can be read. Takes errors of grpc-js as well as GrpcCallErrors. Never throws.
 */
export function findDetail<Name extends DetailName>(
  error: unknown,
  type: Name,
): StandardDetails[Name] | undefined;
export function findDetail<Message>(error: unknown, type: DetailType<Message>): Message | undefined;
export function findDetail(error: unknown, type: DetailName | DetailType<unknown>): unknown {
  const details = errorDetailsOf(error);
  if (typeof type === "string") {
    return details[type];
  }
  for (const detail of details.others ?? []) {
    if (typeNameOf(detail) === type.typeName) {
      try {
        return type.decode(detail.value);
      } catch {
        // Perhaps another one can be read.
      }
    }
  }
  return undefined;
}

function errorDetailsOf(error: unknown): ErrorDetails {
  if (isGrpcCallError(error)) {
    return error.errorDetails;
  }
  return isServiceError(error) ? readErrorDetails(error.metadata) : {};
}
