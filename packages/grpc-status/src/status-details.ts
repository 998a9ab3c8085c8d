import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Metadata } from "@grpc/grpc-js";
import { ErrorDetail } from "@grpc-kit/generated-protos/common/errors";
import type { Any } from "@grpc-kit/generated-protos/google/protobuf/any";
import { Status } from "@grpc-kit/generated-protos/google/rpc/status";
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
  for (const bytes of binaryValues(trailers, key)) {
    try {
      return decode(bytes);
    } catch {
      // Perhaps the next one can be read.
    }
  }
  return undefined;
}

// grpc-js gives bytes. Metadata that comes by other ways may have the text as it was sent: padded or
// not, several values joined: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
function* binaryValues(trailers: Metadata, key: string): Generator<Uint8Array> {
  for (const value of trailers.get(key) as readonly (string | Uint8Array)[]) {
    if (typeof value !== "string") {
      yield value;
      continue;
    }
    for (const part of value.split(",")) {
      yield Buffer.from(part, "base64");
    }
  }
}
