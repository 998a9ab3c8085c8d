import { once } from "node:events";
import { type ClientHttp2Stream, connect } from "node:http2";
import { onTestFinished } from "vitest";

/** Opens a call past grpc-js's own client, which reads ahead without end and writes one by one. */
export function openRawCall(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): ClientHttp2Stream {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  stream.on("error", () => {});
  onTestFinished(() => session.destroy());
  return stream;
}

/** The bytes of `count` empty messages: not compressed, length 0. */
export function emptyMessages(count: number): Buffer {
  return Buffer.alloc(5 * count);
}

/** The `grpc-status` of a call, in its headers or its trailers. */
export async function statusOf(stream: ClientHttp2Stream): Promise<number> {
  const trailers = once(stream, "trailers");
  trailers.catch(() => {});
  const [headers] = await once(stream, "response");
  return Number(headers["grpc-status"] ?? (await trailers)[0]["grpc-status"]);
}

export interface RawUpload {
  /** How many messages this process has handed over to the connection. */
  sent(): number;
  /** Settles with the `grpc-status` of the trailers. */
  readonly grpcStatus: Promise<string>;
}

/** Uploads `count` empty messages as fast as the server takes them. */
export function uploadRaw(port: number, path: string, count: number): RawUpload {
  const stream = openRawCall(port, path).resume();
  stream.setMaxListeners(0);
  let sent = 0;
  async function send(): Promise<void> {
    while (sent < count && !stream.destroyed) {
      const messages = Math.min(1_000, count - sent);
      if (!stream.write(emptyMessages(messages))) {
        await Promise.race([once(stream, "drain"), once(stream, "close")]);
      }
      sent += messages;
    }
    stream.end();
  }
  void send();
  const grpcStatus = once(stream, "trailers").then(([trailers]) => String(trailers["grpc-status"]));
  return { sent: () => sent, grpcStatus };
}
