let hasWarned = false;

/**
 * Throws an Error unless this version of Node.js tells of the streams of HTTP/2, which limits, observers
 * and the end of uploads are built on: https://nodejs.org/api/diagnostics_channel.html#http2
 *
 * Warns of Node.js 22, whose HTTP/2 aborts the process ("Assertion failed: onread->IsFunction()") when a
 * peer breaks the protocol and begins a call in the same packet. Nothing above it can prevent that.
 */
export function checkNode(version: string = process.versions.node): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const tellsOfStreams = major >= 24 || (major === 22 && minor >= 17);
  if (!tellsOfStreams) {
    throw new Error(
      `Node.js must be 22.22.2 or newer, and not 23, got ${version}: install another`,
    );
  }
  if (major === 22 && !hasWarned) {
    hasWarned = true;
    const text = `any peer can end a server on Node.js ${version}: serve strangers on 24.14.1 or newer`;
    process.emitWarning(text, { code: "GRPC_KIT_NODE_22" });
  }
}
