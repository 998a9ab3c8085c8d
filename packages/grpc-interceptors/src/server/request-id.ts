import { randomUUID } from "node:crypto";
import type { Metadata } from "@grpc/grpc-js";

export const requestIdHeader = "x-request-id";

// It goes into logs, trailers and other systems as it is.
const cleanId = /^[A-Za-z0-9._-]{1,64}$/;

/** The id that the caller has sent, if it is one and clean; else a new one. */
export function requestIdOf(metadata: Metadata, header: string): string {
  const values = metadata.get(header);
  const [value] = values;
  return values.length === 1 && typeof value === "string" && cleanId.test(value)
    ? value
    : randomUUID();
}
