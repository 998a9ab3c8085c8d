import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Entries, encodeHead } from "./hpack.ts";

// https://www.rfc-editor.org/rfc/rfc9113#section-6
const types = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export type FrameType = keyof typeof types;

export const flags = { ack: 1, endStream: 1, endHeaders: 4 } as const;

export const preface: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

const empty: Buffer = Buffer.alloc(0);

export function frame(
  type: FrameType,
  flag: number,
  streamId: number,
  payload: Buffer = empty,
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head.writeUInt8(types[type], 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Opens a stream, and leaves it open. */
export function headers(streamId: number, head: Entries | Buffer, flag = 0): Buffer {
  const block = Buffer.isBuffer(head) ? head : encodeHead(head);
  return frame("headers", flags.endHeaders | flag, streamId, block);
}

export function rstStream(streamId: number, code = 8): Buffer {
  return frame("rstStream", 0, streamId, uint32(code));
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame("windowUpdate", 0, streamId, uint32(increment));
}

export function settings(entries: Readonly<Record<number, number>> = {}): Buffer {
  const pairs = Object.entries(entries).map(([id, value]) =>
    Buffer.concat([uint16(Number(id)), uint32(value)]),
  );
  return frame("settings", 0, 0, Buffer.concat(pairs));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function uint16(value: number): Buffer {
  return uint32(value).subarray(2);
}

/** The id of the nth stream that a client opens, from 0. */
export function streamId(n: number): number {
  return 2 * n + 1;
}

/** A connection that says what it is told to, however wrong, and keeps what it hears. */
export interface RawConnection {
  readonly socket: Socket;
  /** Settles when the connection is gone. */
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
  /** What the peer's GOAWAY says: the code of the first, if there are several. */
  readonly goaway: { readonly code: number; readonly lastStreamId: number } | undefined;
  /** The streams that the peer has reset, and the codes. */
  readonly resets: ReadonlyMap<number, number>;
  /** The streams that the peer has ended in good order. */
  readonly ended: ReadonlySet<number>;
  /** How many frames of each type have come. */
  readonly counts: Readonly<Partial<Record<number, number>>>;
  readonly dataBytes: number;
  /** Sends, and waits for room. False once the connection is gone. */
  send(...frames: readonly Buffer[]): Promise<boolean>;
  close(): void;
}

export interface RawOptions {
  /** What to say first. Default: the preface and an empty SETTINGS. */
  readonly hello?: readonly Buffer[];
  /** Whether to read at all. Default: true. */
  readonly isReading?: boolean;
  /** The address that it comes from, where the system has more than one for the loopback. Default: "127.0.0.2". */
  readonly from?: string;
}

// Polite clients come from 127.0.0.1.
export function connectAttacker(port: number, from = "127.0.0.2"): Socket {
  const localAddress = process.platform === "linux" ? { localAddress: from } : {};
  return connect({ port, host: "127.0.0.1", noDelay: true, ...localAddress });
}

/** Settles when the socket is closed, and not when it fails. */
export function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => {});
    socket.once("close", () => resolve());
  });
}

/** Connects, from another address than polite clients have. */
export async function connectRaw(port: number, options: RawOptions = {}): Promise<RawConnection> {
  const { hello = [preface, settings()], isReading = true, from } = options;
  const socket = connectAttacker(port, from);
  const resets = new Map<number, number>();
  const ended = new Set<number>();
  const counts: Partial<Record<number, number>> = {};
  let goaway: RawConnection["goaway"];
  let dataBytes = 0;
  let isClosed = false;
  const closed = closing(socket).then(() => {
    isClosed = true;
  });

  function take(type: number, flag: number, id: number, payload: Buffer): void {
    counts[type] = (counts[type] ?? 0) + 1;
    const isLast = (flag & flags.endStream) !== 0;
    if (type === types.data) {
      dataBytes += payload.byteLength;
    } else if (type === types.rstStream) {
      resets.set(id, payload.readUInt32BE());
    } else if (type === types.goaway) {
      const code = goaway?.code ?? payload.readUInt32BE(4);
      goaway = { code, lastStreamId: payload.readUInt32BE() };
    } else if (type === types.settings && !isLast) {
      socket.write(frame("settings", flags.ack, 0));
    }
    if (isLast && (type === types.data || type === types.headers)) {
      ended.add(id);
    }
  }

  if (isReading) {
    let rest = empty;
    socket.on("data", (chunk: Buffer) => {
      rest = rest.byteLength === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.byteLength >= 9) {
        const end = 9 + rest.readUIntBE(0, 3);
        if (rest.byteLength < end) {
          break;
        }
        const [type, flag] = [rest.readUInt8(3), rest.readUInt8(4)];
        take(type, flag, rest.readUInt32BE(5) % 2 ** 31, rest.subarray(9, end));
        rest = rest.subarray(end);
      }
    });
  }
  await Promise.race([new Promise((resolve) => socket.once("connect", resolve)), closed]);
  socket.write(Buffer.concat(hello));

  return {
    socket,
    closed,
    resets,
    ended,
    counts,
    get isClosed() {
      return isClosed;
    },
    get goaway() {
      return goaway;
    },
    get dataBytes() {
      return dataBytes;
    },
    async send(...frames) {
      if (!isClosed && !socket.write(Buffer.concat(frames))) {
        await Promise.race([once(socket, "drain").catch(() => {}), closed]);
      }
      // Whatever the peer has said meanwhile is heard first.
      await nextTurn();
      return !isClosed && socket.writable;
    },
    close: () => socket.destroy(),
  };
}

export interface Flood {
  readonly sentBytes: number;
  /** Milliseconds until the connection was gone; undefined if it has outlasted the flood. */
  readonly closedAfterMs: number | undefined;
}

/** Sends what `chunk` makes, again and again, until the connection is gone or the time is over. */
export async function flood(
  connection: RawConnection,
  chunk: (round: number) => Buffer,
  durationMs: number,
): Promise<Flood> {
  const startMs = performance.now();
  let sentBytes = 0;
  for (let round = 0; performance.now() - startMs < durationMs; round += 1) {
    const bytes = chunk(round);
    if (!(await connection.send(bytes))) {
      await connection.closed;
      return { sentBytes, closedAfterMs: performance.now() - startMs };
    }
    sentBytes += bytes.byteLength;
  }
  return { sentBytes, closedAfterMs: undefined };
}
