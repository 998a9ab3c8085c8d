import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { Readable } from "node:stream";
import { status } from "@grpc/grpc-js";

/** How a call ended, as it was on the wire. */
export interface WireOutcome {
  /** The name of its status; "RST 8" if it was reset without one, "cut" if its connection was. */
  readonly name: string;
  /** Decoded. */
  readonly message: string;
  /** Headers and trailers together. */
  readonly headers: IncomingHttpHeaders;
  /** All that came before the status: messages with their prefixes. */
  readonly body: Buffer;
  readonly tookMs: number;
}

/** One that is undefined is left out. */
export type WireHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface WireCaller {
  /**
   * Sends a call whose body is these bytes, whatever they are, as fast as the peer takes them; and then no END_STREAM,
   * if it is to stay open.
   */
  call(
    path: string,
    body: Buffer | Iterable<Buffer>,
    headers?: WireHeaders,
    options?: { readonly staysOpen?: boolean },
  ): Promise<WireOutcome>;
  close(): void;
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Calls by HTTP/2 alone, which does not mind what is sent, on one connection until that is cut. */
export function wireCaller({ host, port }: Target, token?: string): WireCaller {
  const standard = {
    ":method": "POST",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: token && `Bearer ${token}`,
  };
  let session: ClientHttp2Session | undefined;

  function connected(): ClientHttp2Session {
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(`http://${host}:${port}`);
      session.on("error", () => {});
    }
    return session;
  }

  return {
    call(path, body, more = {}, { staysOpen = false } = {}) {
      const startMs = performance.now();
      const all = Object.entries({ ...standard, ":path": path, ...more });
      const stream = connected().request(
        Object.fromEntries(all.filter(([, value]) => value !== undefined)),
      );
      const headers: IncomingHttpHeaders = {};
      const chunks: Buffer[] = [];
      stream.on("error", () => {});
      stream.on("response", (received) => Object.assign(headers, received));
      stream.on("trailers", (received) => Object.assign(headers, received));
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      // The peer has ended its side; it is for us to end ours.
      stream.once("end", () => stream.close());
      const source = Readable.from(Buffer.isBuffer(body) ? [body] : body);
      source.pipe(stream, { end: !staysOpen });
      return new Promise((resolve) => {
        stream.once("close", () => {
          const code = headers["grpc-status"];
          const isCut = stream.rstCode === undefined || stream.rstCode === 0;
          const unanswered = isCut ? "cut" : `RST ${stream.rstCode}`;
          resolve({
            name: code === undefined ? unanswered : (status[Number(code)] ?? String(code)),
            message: decoded(String(headers["grpc-message"] ?? "")),
            headers,
            body: Buffer.concat(chunks),
            tookMs: performance.now() - startMs,
          });
        });
      });
    },
    close: () => session?.destroy(),
  };
}

function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

/** All text that a caller was sent, with what is base64 there also as what it stands for. */
export function textOnWire({ headers, message, body }: WireOutcome): string {
  const values = Object.entries(headers).flatMap(([name, value]) => [
    `${name}: ${value}`,
    name.endsWith("-bin") ? Buffer.from(String(value), "base64").toString("utf8") : "",
  ]);
  return [...values, message, body.toString("utf8")].join("\n");
}
