/**
 * Throws an Error unless this version of Node.js tells of the streams of HTTP/2, which limits, observers
 * and the end of uploads are built on: https://nodejs.org/api/diagnostics_channel.html#http2
 */
export function checkNode(version: string = process.versions.node): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const tellsOfStreams = major >= 24 || (major === 22 && minor >= 17);
  if (!tellsOfStreams) {
    throw new Error(
      `Node.js must be 22.22.2 or newer, and not 23, got ${version}: install another`,
    );
  }
}
