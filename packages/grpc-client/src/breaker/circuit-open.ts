import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { Status } from "@grpc-kit/generated-protos/google/rpc/status";
import { encodeErrorDetails, isGrpcCallError } from "@grpc-kit/grpc-status";

/** The domain of the ErrorInfo in failures that the client itself decides. */
export const clientErrorDomain = "grpc-kit.client";

const reason = "CIRCUIT_OPEN";

/** What refuses the calls of a method. Made when it is first needed, since most never are. */
export function createCircuitRefusal(target: string, path: string): () => StatusObject {
  const code = status.UNAVAILABLE;
  const details = `not sent: the last calls of ${path} to ${target} failed, so that its circuit is open; look at their errors, and try again later`;
  let bytes: Buffer | undefined;
  return () => {
    bytes ??= Buffer.from(encodeStatus(code, details, new Map(Object.entries({ target, path }))));
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", bytes);
    return { code, details, metadata };
  };
}

/**
 * Whether a call failed without being sent, since its circuit was open. A server that says the same of
 * calls of its own is not meant.
 */
export function isCircuitOpen(error: unknown): boolean {
  return (
    isGrpcCallError(error) &&
    error.local &&
    error.reason === reason &&
    error.domain === clientErrorDomain
  );
}

// https://google.aip.dev/193#errorinfo
function encodeStatus(code: status, message: string, metadata: Map<string, string>): Uint8Array {
  const errorInfo = { reason, domain: clientErrorDomain, metadata };
  return Status.encode({ code, message, details: [...encodeErrorDetails({ errorInfo })] }).finish();
}
