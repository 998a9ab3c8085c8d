import type { ErrorInfo } from "@grpc-kit/generated-protos/google/rpc/error_details";
import { isReason } from "./app-error.ts";
import type { ErrorDetailsInit } from "./error-details.ts";

const metadataKey = /^[a-z][a-zA-Z0-9_-]{1,63}$/;
const maxDomainCharacters = 253;
const maxMetadataBytes = 768;

/** What an ErrorInfo gets where it says nothing itself. */
export interface ErrorInfoDefaults {
  readonly reason: string;
  readonly domain: string;
  readonly errorId: string | undefined;
}

/**
 * The one ErrorInfo that every error has. It is always small enough to be sent; `dropped` has the keys
 * of metadata that are illegal or did not fit. https://google.aip.dev/193#errorinfo
 */
export function completeErrorInfo(
  { reason = "", domain = "", metadata = new Map() }: NonNullable<ErrorDetailsInit["errorInfo"]>,
  defaults: ErrorInfoDefaults,
): { readonly errorInfo: ErrorInfo; readonly dropped: readonly string[] } {
  const kept = new Map<string, string>();
  const dropped: string[] = [];
  let room = maxMetadataBytes;
  for (const [key, value] of metadata) {
    const text = String(value);
    const bytes = key.length + Buffer.byteLength(text);
    if (bytes > room || !metadataKey.test(key)) {
      dropped.push(`ErrorInfo.metadata.${key}`);
    } else {
      kept.set(key, text);
      room -= bytes;
    }
  }
  // Last, so that no key of the error's own can take its place.
  if (defaults.errorId !== undefined) {
    kept.set("errorId", defaults.errorId);
  }
  const errorInfo = {
    reason: isReason(reason) ? reason : defaults.reason,
    domain: (domain || defaults.domain).slice(0, maxDomainCharacters),
    metadata: kept,
  };
  return { errorInfo, dropped };
}
