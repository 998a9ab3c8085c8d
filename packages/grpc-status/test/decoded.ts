import { Metadata } from "@grpc/grpc-js";
import { type GrpcCallError, toCallError, type WireStatus } from "../src/index.ts";

/** A status as its caller sees it. */
export function decoded({ code, details, metadata = new Metadata() }: WireStatus): GrpcCallError {
  return toCallError(Object.assign(new Error(details), { code, details, metadata }));
}
