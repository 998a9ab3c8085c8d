import type { Socket } from "node:net";

// https://www.rfc-editor.org/rfc/rfc9113#section-3.4: the magic, then a SETTINGS frame.
const magic = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const frameHeaderBytes = 9;
const headBytes = magic.length + frameHeaderBytes;
const settingsType = 4;
const maxSettingsBytes = 16_384;

/**
 * Waits for the whole preface of HTTP/2 and puts it back for whoever reads next. `onEnd` has true for
 * a preface and false for something else; it is not called if the socket closes before.
 *
 * grpc-js would keep a connection for ever that sends half of one.
 */
export function awaitPreface(socket: Socket, onEnd: (isHttp2: boolean) => void): void {
  let received: Buffer = Buffer.alloc(0);
  const look = (): void => {
    const bytes: Buffer | null = socket.read();
    if (bytes === null) {
      return;
    }
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    const isHttp2 = isPrefaceSoFar(received);
    if (!isHttp2 || isWhole(received)) {
      socket.off("readable", look);
      socket.unshift(received);
      onEnd(isHttp2);
    }
  };
  socket.on("readable", look);
}

function isPrefaceSoFar(bytes: Buffer): boolean {
  const compared = Math.min(bytes.length, magic.length);
  if (magic.compare(bytes, 0, compared, 0, compared) !== 0) {
    return false;
  }
  return (
    bytes.length < headBytes ||
    (bytes[magic.length + 3] === settingsType &&
      bytes.readUIntBE(magic.length, 3) <= maxSettingsBytes)
  );
}

function isWhole(bytes: Buffer): boolean {
  return bytes.length >= headBytes && bytes.length >= headBytes + bytes.readUIntBE(magic.length, 3);
}
