import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Metadata } from "@grpc/grpc-js";
import { ErrorDetail } from "@grpc-kit/generated-protos/common/errors";
import type { Any } from "@grpc-kit/generated-protos/google/protobuf/any";
import { Status } from "@grpc-kit/generated-protos/google/rpc/status";
import { attempt } from "./attempt.ts";
import { decodeErrorDetails, type ErrorDetails } from "./error-details.ts";

/** The trailer of the richer error model: https://grpc.io/docs/guides/error/#richer-error-model */
export const statusDetailsKey = "grpc-status-details-bin";

/** The trailer with a `common.ErrorDetail`. */
export const errorDetailKey = "error-detail-bin";

/** The `google.rpc.Status` of a call as bytes. Its code and text must be those of the call. */
export function encodeStatusDetails(
  code: number,
  message: string,
  details: readonly Any[],
  writer?: BinaryWriter,
): Uint8Array {
  return Status.encode({ code, message, details: [...details] }, writer).finish();
}

/**
 * The error details in a call's trailers; none if there are none, or none that can be read. Never
 * throws.
 */
export function readErrorDetails(trailers: Metadata): ErrorDetails {
  const decoded = firstDecoded(trailers, statusDetailsKey, (bytes) => Status.decode(bytes));
  return decodeErrorDetails(decoded?.details ?? []);
}

/** The `common.ErrorDetail` in a call's trailers, if one can be read. Never throws. */
export function readErrorDetail(trailers: Metadata): ErrorDetail | undefined {
  return firstDecoded(trailers, errorDetailKey, (bytes) => ErrorDetail.decode(bytes));
}

function firstDecoded<Message>(
  trailers: Metadata,
  key: string,
  decode: (bytes: Uint8Array) => Message,
): Message | undefined {
  // Values of a key that ends in "-bin" are bytes: grpc-js reads base64 with padding and without.
  for (const bytes of trailers.get(key) as readonly Buffer[]) {
    const decoded = attempt(() => decode(bytes));
    if (decoded !== undefined) {
      return decoded;
    }
  }
  return undefined;
}
