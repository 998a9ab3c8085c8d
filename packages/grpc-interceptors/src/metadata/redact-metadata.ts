import type { Metadata, MetadataValue } from "@grpc/grpc-js";
import { redacted, redactText, toLogText } from "../log-text.ts";
import { isSensitiveName } from "./sensitive-names.ts";

export interface RedactMetadataOptions {
  /** The keys whose values are shown; those of credentials never are. Default: all that are none. */
  readonly allow?: readonly string[];
}

const maxValueBytes = 256;

/**
 * Metadata as it can be logged: of credentials "[redacted]", of bytes their number, of long values the
 * beginning.
 */
export function redactMetadata(
  metadata: Metadata,
  { allow }: RedactMetadataOptions = {},
): Record<string, string> {
  const safe: Record<string, string> = Object.create(null);
  for (const [key, values] of Object.entries(metadata.toJSON())) {
    const isShown = !isSensitiveName(key) && (allow === undefined || allow.includes(key));
    safe[toLogText(key, maxValueBytes)] = isShown ? values.map(toText).join(", ") : redacted;
  }
  return safe;
}

function toText(value: MetadataValue): string {
  return typeof value === "string"
    ? toLogText(redactText(value), maxValueBytes)
    : `[${value.length} bytes]`;
}
