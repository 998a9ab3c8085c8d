import { type GrpcCallError, toCallError } from "@grpc-kit/grpc-status";
import type { Outcome } from "@grpc-kit/testing";

/** The error of a call that failed, as its caller reads it. */
export function callErrorOf({ code, details, trailers }: Outcome): GrpcCallError {
  return toCallError(Object.assign(new Error(details), { code, details, metadata: trailers }));
}
