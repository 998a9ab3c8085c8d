import type { Http2Session } from "node:http2";
import { constants } from "node:http2";
import type { Socket } from "node:net";
import type { OpenStream } from "./open-stream.ts";
import { atMost } from "./patience.ts";
import type { Peer } from "./peers.ts";

// Where a peer does not answer a PING, it is told to go all the same.
const maxNoticeMs = 1_000;
// https://www.rfc-editor.org/rfc/rfc9113#section-6.8: "all that you have sent is still served"
const anyStream = 2 ** 31 - 1;

/** One connection, from the moment that it was accepted. */
export class Connection {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly openedAt: number = performance.now();
  /** Whether it speaks HTTP/2. Until then it may be dropped without a word. */
  isReady = false;
  isCut = false;
  /** Unknown until the first call. */
  session: Http2Session | undefined;
  readonly streams: Set<OpenStream> = new Set();
  /** When the last stream was closed. */
  idleSince: number = this.openedAt;
  /** When the peer was asked to make no more calls. */
  retiredAt: number | undefined;
  /** How many bytes its calls account for, at the most. */
  explainedBytes = 0;
  #underWay: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #retirement: Promise<void> | undefined;

  /** `socket` is the one of TCP, also below TLS. */
  constructor(socket: Socket, peer: Peer) {
    this.socket = socket;
    this.peer = peer;
  }

  /**
   * Settles when all that the peer had sent by now, and whatever left together with it, has been
   * read. It is a PING, shared by all who wait.
   */
  roundTrip(): Promise<void> {
    if (this.#underWay === undefined) {
      this.#underWay = this.#ping().finally(() => {
        this.#underWay = undefined;
      });
      return this.#underWay;
    }
    // The PING that is under way may have passed the peer already.
    this.#next ??= this.#underWay.then(() => {
      this.#next = undefined;
      return this.roundTrip();
    });
    return this.#next;
  }

  /**
   * Asks the peer to make no more calls here. Calls that it had sent before it heard of that are
   * served too, which is why it is told twice: https://github.com/grpc/proposal/blob/master/A9-server-side-conn-mgt.md
   */
  retire(): Promise<void> {
    this.retiredAt ??= performance.now();
    this.#retirement ??= this.#retire();
    return this.#retirement;
  }

  /**
   * Ends the connection, and says why if there is a session to say it in. A turn later: Node.js 22 aborts
   * the process if a session is destroyed while its frames are being read.
   */
  cut(code: number): void {
    if (this.isCut) {
      return;
    }
    this.isCut = true;
    setImmediate(() => {
      if (this.session !== undefined && !this.session.destroyed) {
        this.session.goaway(code);
        this.session.destroy();
      }
      setImmediate(() => this.socket.destroy());
    });
  }

  async #retire(): Promise<void> {
    const { session } = this;
    if (session === undefined || session.closed || session.destroyed) {
      return;
    }
    session.goaway(constants.NGHTTP2_NO_ERROR, anyStream);
    await atMost(maxNoticeMs, this.roundTrip());
    if (!session.closed) {
      session.close();
    }
  }

  #ping(): Promise<void> {
    const { session } = this;
    return new Promise((resolve) => {
      // Without an answer the connection is dead, and the calls on it are told so by other ways.
      if (session === undefined || session.destroyed || !session.ping(() => resolve())) {
        resolve();
      }
    });
  }
}
