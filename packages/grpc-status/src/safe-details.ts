// The whole of the trailers should stay below 8 KiB, and each byte of the text may become three
// ("%E2"): https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
const maxDetailsBytes = 1024;
const ellipsis = "…";
// Tab and line breaks go over the wire percent-encoded, and arrive:
// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md#special_status_message
const controlCharacters = /[^\P{Cc}\t\n\r]+/gu;
const encoder = new TextEncoder();

/**
 * `details` as they can be sent: well-formed (a lone surrogate makes grpc-js throw where nobody can
 * catch it), without control characters but tab and line breaks, and at most `maxBytes` of UTF-8, cut
 * between characters. Default: 1,024.
 */
export function toSafeDetails(details: string, maxBytes: number = maxDetailsBytes): string {
  if (details === "") {
    return "";
  }
  // Nothing behind this can fit, and a text may be very long.
  const head = details.slice(0, maxBytes + 1);
  const clean = head.toWellFormed().replaceAll(controlCharacters, " ");
  if (details.length <= maxBytes && Buffer.byteLength(clean) <= maxBytes) {
    return clean;
  }
  const room = new Uint8Array(maxBytes - Buffer.byteLength(ellipsis));
  const { read } = encoder.encodeInto(clean, room);
  return clean.slice(0, read) + ellipsis;
}
