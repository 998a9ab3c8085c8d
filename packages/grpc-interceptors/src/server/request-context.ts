import { Metadata, type ServerInterceptor } from "@grpc/grpc-js";
import { requestIdKey } from "@grpc-kit/grpc-context";
import { checkKey } from "../metadata/check-key.ts";
import { maxMetadataBytes, metadataBytes } from "../metadata/metadata-bytes.ts";
import type { CallStatus } from "./call-hook.ts";
import { requestIdHeader, requestIdOf } from "./request-id.ts";
import { ServedCallContext } from "./served-call-context.ts";
import { serverInterceptor } from "./server-interceptor.ts";

export interface RequestContextOptions {
  /** The metadata that names a call. Default: "x-request-id". */
  readonly header?: string;
}

// What is sent beside trailers, at the most, but for the text of the status.
const envelopeBytes = 400;

/**
 * Gives each call an id and makes it `currentCall()` of grpc-context for all that serves it. The outermost
 * interceptor; the same for all four kinds of call.
 *
 * The id is the caller's if it is clean, `[A-Za-z0-9._-]{1,64}`, else a new UUID. Handlers have it as
 * `requestIdKey`, the caller in the trailers.
 */
export function requestContext(options: RequestContextOptions = {}): ServerInterceptor {
  const { header = requestIdHeader } = options;
  checkKey(header, "header");
  if (header.endsWith("-bin")) {
    throw new TypeError(`header must be one of text, got "${header}"`);
  }
  return serverInterceptor((call) => {
    const id = requestIdOf(call.metadata, header);
    call.values.set(requestIdKey, id);
    return new ServedCallContext(call, (sent) => withId(sent, header, id));
  });
}

function withId(sent: CallStatus, header: string, id: string): CallStatus {
  const { code, details } = sent;
  // The handler may send the same metadata with other calls.
  const metadata = sent.metadata?.clone() ?? new Metadata();
  metadata.set(header, id);
  // An error that just fits is worth more than its id.
  if (sent.metadata !== null) {
    const textBytes = 3 * Buffer.byteLength(details);
    if (metadataBytes(metadata) + textBytes + envelopeBytes > maxMetadataBytes) {
      metadata.remove(header);
    }
  }
  return { code, details, metadata };
}
