import type { Metadata } from "@grpc/grpc-js";

// https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2, and the length, which is not the caller's to say.
const forbidden = new Set([
  "connection",
  "content-length",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

// Those that Node.js sends once; `authorization` grpc-js as well.
const single = new Set(
  `access-control-allow-credentials access-control-max-age access-control-request-method age
  authorization content-encoding content-language content-location content-md5 content-range
  content-type date dnt etag expires from host if-match if-modified-since if-none-match if-range
  if-unmodified-since last-modified location max-forwards proxy-authorization range referer
  retry-after tk upgrade-insecure-requests user-agent x-content-type-options`.split(/\s+/),
);

/**
 * Throws a TypeError for metadata that cannot be sent. grpc-js drops the connection for it, with all
 * calls that are on it, and tries again until the deadline.
 */
export function checkMetadata(metadata: Metadata): void {
  const fields = metadata.toJSON();
  for (const key of Object.keys(fields)) {
    if (forbidden.has(key) || key.startsWith(":")) {
      throw new TypeError(`metadata must be what HTTP/2 allows, got ${key}: leave it out`);
    }
    if (single.has(key) && (fields[key]?.length ?? 0) > 1) {
      throw new TypeError(`metadata must have one value of ${key}, got more`);
    }
  }
}
