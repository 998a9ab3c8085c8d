import { constants } from "node:http2";
import type { Connection } from "./connection.ts";
import type { ConnectionLimits } from "./connection-options.ts";
import type { OpenStream } from "./open-stream.ts";
import type { Peers } from "./peers.ts";
import type { Refusals } from "./server-events.ts";

export interface CareOptions {
  readonly limits: ConnectionLimits;
  readonly sendStallTimeoutMs: number;
  readonly counters: Refusals;
  readonly peers: Peers;
}

const tickMs = 1_000;
// What frames may add up to that belong to no call: 1,000,000 PINGs.
const unexplainedBytes = 16 * 1024 * 1024;
// How long a connection without calls may take to close.
const lingerMs = 5_000;
// How long a caller may keep its side open after it has got its answer.
const halfOpenMs = 5_000;

interface StreamCare {
  messagesTaken: number;
  stalledSince: number;
  answeredAt: number | undefined;
}

/**
 * Looks at each connection once a second: is it too old, idle, flooding, or are its callers not
 * reading? One look at all costs less than timers for each.
 */
export function careFor(connections: ReadonlySet<Connection>, options: CareOptions): () => void {
  const { limits, sendStallTimeoutMs, counters, peers } = options;
  const ages = new WeakMap<Connection, number>();
  const streams = new WeakMap<OpenStream, StreamCare>();

  function look(connection: Connection, now: number): void {
    if (isFlooding(connection)) {
      counters.add("flood", connection.peer.name);
      connection.cut(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      return;
    }
    if (isLeftOver(connection, now)) {
      connection.cut(constants.NGHTTP2_NO_ERROR);
      return;
    }
    for (const open of connection.streams) {
      lookAtStream(open, now);
    }
    const age = now - connection.openedAt;
    // Jitter, or clients that came together go and come together.
    const maxAge = ages.get(connection) ?? limits.maxAgeMs * (0.9 + Math.random() * 0.2);
    ages.set(connection, maxAge);
    if (age > maxAge + limits.maxAgeGraceMs) {
      connection.cut(constants.NGHTTP2_NO_ERROR);
    } else if (age > maxAge || isIdle(connection, now)) {
      void connection.retire();
    }
  }

  // grpc-js sees to those that have never made a call, which have no session yet.
  function isIdle({ session, streams: open, idleSince }: Connection, now: number): boolean {
    return session !== undefined && open.size === 0 && now - idleSince > limits.maxIdleMs;
  }

  /**
   * Whether a connection should have closed by itself: a peer that has sent half the head of a call, or
   * has broken the protocol after it has said that it goes, keeps it from that.
   */
  function isLeftOver(connection: Connection, now: number): boolean {
    const { session, openedAt, idleSince } = connection;
    if (session?.closed === true) {
      connection.retiredAt ??= now;
    }
    const closesAt = session === undefined ? openedAt + limits.maxIdleMs : connection.retiredAt;
    if (closesAt === undefined || now - Math.max(closesAt, idleSince) <= lingerMs) {
      return false;
    }
    for (const { isEnded, stream } of connection.streams) {
      if (!isEnded || stream.writableLength > 0) {
        return false;
      }
    }
    return true;
  }

  function isFlooding({ socket, explainedBytes }: Connection): boolean {
    return socket.bytesRead - explainedBytes > unexplainedBytes;
  }

  function lookAtStream(open: OpenStream, now: number): void {
    const { stream } = open;
    let care = streams.get(open);
    if (care === undefined) {
      care = { messagesTaken: -1, stalledSince: now, answeredAt: undefined };
      streams.set(open, care);
    }
    if (stream.writableLength === 0 || open.messagesTaken !== care.messagesTaken) {
      care.messagesTaken = open.messagesTaken;
      care.stalledSince = now;
    } else if (now - care.stalledSince > sendStallTimeoutMs) {
      counters.add("send_stall", open.connection.peer.name);
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      return;
    }
    if (stream.writableFinished) {
      care.answeredAt ??= now;
      if (now - care.answeredAt > halfOpenMs) {
        // https://www.rfc-editor.org/rfc/rfc9113#section-8.1: "the rest is not needed"
        stream.close(constants.NGHTTP2_NO_ERROR);
      }
    }
  }

  const timer = setInterval(() => {
    const now = performance.now();
    peers.prune();
    for (const connection of connections) {
      if (connection.isReady) {
        look(connection, now);
      }
    }
  }, tickMs);
  timer.unref();
  return () => clearInterval(timer);
}
