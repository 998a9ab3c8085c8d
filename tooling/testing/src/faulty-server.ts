import { once } from "node:events";
import {
  constants,
  createServer as createHttp2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** What a server does wrong: with each connection, or with each call. */
export type Fault =
  | { readonly onSocket: (socket: Socket) => void }
  | {
      readonly onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
    };

export interface FaultyServer {
  readonly target: string;
  /** How many calls have reached it. */
  readonly calls: number;
  /** It does no more wrong, with new connections or new calls. */
  behave(): void;
  close(): void;
}

/** A server whose right answer to any call is one empty message. */
export async function startFaultyServer(
  fault: Fault,
  settings: { readonly maxConcurrentStreams?: number } = {},
): Promise<FaultyServer> {
  let current: Fault | undefined = fault;
  let calls = 0;
  const http2Server = createHttp2Server({ settings });
  http2Server.on("stream", (stream: ServerHttp2Stream, headers) => {
    calls += 1;
    // Clients reset streams, and some faults destroy them.
    stream.on("error", () => {});
    const onStream = current !== undefined && "onStream" in current ? current.onStream : answer;
    onStream(stream, headers);
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    if (current !== undefined && "onSocket" in current) {
      current.onSocket(socket);
    } else {
      http2Server.emit("connection", socket);
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get calls() {
      return calls;
    },
    behave() {
      current = undefined;
    },
    close() {
      server.close();
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}

const grpcHeaders = { "content-type": "application/grpc" };

/** A message as it goes over the wire, with a prefix that may lie. */
export function message(
  body: Uint8Array,
  { flag = 0, length = body.byteLength }: { readonly flag?: number; readonly length?: number } = {},
): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}

/** Answers with these bytes and trailers. `undefined`: there are no trailers. */
export function reply(
  stream: ServerHttp2Stream,
  body: Uint8Array,
  trailers: Readonly<Record<string, string>> | undefined,
  headers: Readonly<Record<string, string | number>> = grpcHeaders,
): void {
  if (stream.destroyed) {
    return;
  }
  stream.respond(headers, { waitForTrailers: trailers !== undefined });
  if (trailers !== undefined) {
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  }
  stream.end(body);
}

export function answer(stream: ServerHttp2Stream): void {
  reply(stream, message(Buffer.alloc(0)), { "grpc-status": "0" });
}

/** Sends headers and perhaps some data, and resets the stream once they are on their way. */
export function replyAndReset(stream: ServerHttp2Stream, body: Uint8Array, code: number): void {
  // Without this the stream ends first, and then there is nothing to reset.
  stream.respond(grpcHeaders, { waitForTrailers: true });
  stream.on("wantTrailers", () => {});
  if (body.byteLength === 0) {
    setImmediate(() => stream.close(code));
  } else {
    stream.write(body, () => stream.close(code));
  }
}

const gone = new WeakSet<Http2Session>();

/** Asks the client to make all other calls elsewhere. */
export function sendGoaway({ session, id }: ServerHttp2Stream): void {
  if (session === undefined || gone.has(session)) {
    // The last stream that is served must not be raised: https://www.rfc-editor.org/rfc/rfc9113#section-6.8
    return;
  }
  gone.add(session);
  session.goaway(constants.NGHTTP2_NO_ERROR, id);
}
