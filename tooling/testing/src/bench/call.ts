import { once } from "node:events";
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from "node:http2";
import { Envelope } from "../gen/fixtures/kinds.ts";

/** What came back from a call. */
export interface Reply {
  /** `grpc-status`; NaN if none has come. */
  readonly status: number;
  /** Of the messages and their prefixes. */
  readonly bytes: number;
}

interface Connected {
  readonly session: ClientHttp2Session;
}

/** A message with its prefix, as it goes over the wire. */
export function frame(message: Partial<Envelope>): Buffer {
  const bytes = Envelope.encode(Envelope.create(message)).finish();
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([head, bytes]);
}

/** Makes a call with nothing between it and HTTP/2, so that the driver costs little. */
export async function callEngine(
  { session }: Connected,
  method: string,
  body: readonly Buffer[],
  headers: OutgoingHttpHeaders = {},
): Promise<Reply> {
  const call = open(session, method, headers);
  for (const chunk of body) {
    if (!call.stream.write(chunk)) {
      await once(call.stream, "drain");
    }
  }
  call.stream.end();
  return call.reply;
}

/** Sends a message again and again, each time when the echo of the last one is there. */
export async function pingPong(
  { session }: Connected,
  message: Buffer,
  times: number,
  headers: OutgoingHttpHeaders = {},
): Promise<Reply> {
  const { stream, reply } = open(session, "Bidi", headers);
  let [sent, received] = [1, 0];
  stream.on("data", (chunk: Buffer) => {
    received += chunk.byteLength;
    if (received < sent * message.byteLength) {
      return;
    }
    if (sent === times) {
      stream.end();
    } else {
      sent += 1;
      stream.write(message);
    }
  });
  stream.write(message);
  return reply;
}

/** Opens a stream that echoes; resolves with it when the first echo is there. */
export async function openBidi(
  { session }: Connected,
  message: Buffer,
  headers: OutgoingHttpHeaders = {},
): Promise<ClientHttp2Stream> {
  const { stream, reply } = open(session, "Bidi", headers);
  stream.write(message);
  const echoed = once(stream, "data").then(() => stream);
  const ended = reply.then(({ status }) => {
    throw new Error(`the stream has ended with ${status}`);
  });
  // It ends some day, and nobody waits for that.
  ended.catch(() => {});
  return Promise.race([echoed, ended]);
}

/** Makes this many calls, so many of them at once. */
export async function inFlight(
  lanes: number,
  calls: number,
  make: () => Promise<unknown>,
): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let index = 0; index < calls / lanes; index += 1) {
      await make();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function open(
  session: ClientHttp2Session,
  method: string,
  headers: OutgoingHttpHeaders,
): { readonly stream: ClientHttp2Stream; readonly reply: Promise<Reply> } {
  const stream = session.request({
    ":method": "POST",
    ":path": `/fixtures.FixtureService/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  let [status, bytes] = [Number.NaN, 0];
  // The status of a call without messages is in its headers.
  const takeStatus = ({ "grpc-status": text }: IncomingHttpHeaders): void => {
    status = text === undefined ? status : Number(text);
  };
  stream.on("response", takeStatus);
  stream.on("trailers", takeStatus);
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
  });
  return { stream, reply: once(stream, "close").then(() => ({ status, bytes })) };
}
