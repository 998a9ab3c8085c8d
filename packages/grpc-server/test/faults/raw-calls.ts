import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";
import { status } from "@grpc/grpc-js";
import { onTestFinished } from "vitest";

/** How a call ended, as it was on the wire. */
export interface RawOutcome {
  /** The `grpc-status`; undefined if none came. */
  readonly code: number | undefined;
  readonly message: string;
  readonly acceptEncoding: string | undefined;
  readonly httpStatus: number | undefined;
  /** The code of RST_STREAM; 0 if there was none. */
  readonly rstCode: number;
  /** How many bytes of messages came before the status. */
  readonly bytes: number;
}

/** The name of its status; of the reset, if it has no status. */
export function nameOf({ code, rstCode }: RawOutcome): string {
  return code === undefined ? `RST ${rstCode}` : (status[code] ?? String(code));
}

export interface RawCaller {
  /** Sends a call whose body is these bytes, whatever they are, and tells how it ended. */
  call(path: string, body: Buffer, headers?: OutgoingHttpHeaders): Promise<RawOutcome>;
}

/** Calls by HTTP/2 alone, on one connection until that is cut. */
export function rawCaller(port: number): RawCaller {
  let session: ClientHttp2Session | undefined;
  onTestFinished(() => session?.destroy());

  function connected(): ClientHttp2Session {
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(`http://127.0.0.1:${port}`);
      session.on("error", () => {});
    }
    return session;
  }

  return {
    async call(path, body, more = {}) {
      const stream = connected().request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
        ...more,
      });
      let head: Readonly<Record<string, unknown>> = {};
      let trailers: Readonly<Record<string, unknown>> = {};
      let bytes = 0;
      stream.on("error", () => {});
      // `once` would reject with the error.
      const closed = new Promise((resolve) => stream.once("close", resolve));
      stream.on("response", (headers) => {
        head = headers;
      });
      stream.on("trailers", (headers) => {
        trailers = headers;
      });
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.byteLength;
      });
      stream.end(body);
      await closed;
      const all = { ...head, ...trailers };
      return {
        code: all["grpc-status"] === undefined ? undefined : Number(all["grpc-status"]),
        message: decodeURIComponent(String(all["grpc-message"] ?? "")),
        acceptEncoding: all["grpc-accept-encoding"]?.toString(),
        httpStatus: head[":status"] === undefined ? undefined : Number(head[":status"]),
        rstCode: stream.rstCode ?? 0,
        bytes,
      };
    },
  };
}

/** A message with its prefix, which may lie. */
export function message(
  content: Buffer,
  { flag = 0, length = content.byteLength }: { flag?: number; length?: number } = {},
): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, content]);
}
