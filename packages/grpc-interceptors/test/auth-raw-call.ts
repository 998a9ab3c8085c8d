import { connect } from "node:net";
import { onTestFinished } from "vitest";

type Field = readonly [name: string, value: string];

/**
 * Makes a call with header fields as they are, which node:http2 would not send if there were two of
 * some. What the server answers is not read: its interceptors can tell.
 */
export function callWithFields(port: number, path: string, fields: readonly Field[]): void {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.resume();
  socket.on("error", () => {});
  const headers = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "a"],
    ["te", "trailers"],
    ["content-type", "application/grpc"],
    ...fields,
  ] as const;
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(frame(4, 0, 0, Buffer.alloc(0)));
  socket.write(frame(1, 4, 1, Buffer.concat(headers.map(literal))));
  // An empty message, and the end of the caller's side.
  socket.write(frame(0, 1, 1, Buffer.alloc(5)));
}

/** https://www.rfc-editor.org/rfc/rfc9113#section-4.1 */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Without an index: https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2 */
function literal([name, value]: Field): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

function text(value: string): Buffer {
  const length: number[] = [];
  let left = value.length - 127;
  if (left < 0) {
    length.push(value.length);
  } else {
    length.push(127);
    for (; left >= 128; left = Math.floor(left / 128)) {
      length.push((left % 128) + 128);
    }
    length.push(left);
  }
  return Buffer.concat([Buffer.from(length), Buffer.from(value)]);
}
