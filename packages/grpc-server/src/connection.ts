import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Http2Session, Http2Stream } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";

// How long a caller may take from its half-close to the reset that takes it back, where it cannot be
// asked. Measured between two idle processes: 1 ms.
const blindWaitMs = 20;

/** One connection, as far as its calls need it. */
export class Connection {
  /** Unknown before Node 22.17, and until the first call. */
  session: Http2Session | undefined;
  #underWay: Promise<void> | undefined;
  #next: Promise<void> | undefined;

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

  #ping(): Promise<void> {
    const { session } = this;
    if (session === undefined) {
      return delay(blindWaitMs);
    }
    return new Promise((resolve) => {
      // Without an answer the connection is dead, and the calls on it are told so by other ways.
      if (session.destroyed || !session.ping(() => resolve())) {
        resolve();
      }
    });
  }
}

/** The connections of one server. */
export interface Connections {
  /** Begins to learn of sessions. */
  watch(): void;
  /** Runs what sets up a connection; all that happens on the connection then belongs to it. */
  open(setUp: () => void): void;
  /** The connection that the running code serves. */
  current(): Connection | undefined;
  /** Learns of no more sessions. */
  close(): void;
}

// https://nodejs.org/api/diagnostics_channel.html: the one public way from a call to its session.
const streamCreated = "http2.server.stream.created";

export function trackConnections(): Connections {
  const storage = new AsyncLocalStorage<Connection>();
  const onStream = (message: unknown): void => {
    const connection = storage.getStore();
    if (connection !== undefined) {
      connection.session ??= (message as { stream: Http2Stream }).stream.session;
    }
  };
  return {
    watch: () => subscribe(streamCreated, onStream),
    open: (setUp) => storage.run(new Connection(), setUp),
    current: () => storage.getStore(),
    close: () => unsubscribe(streamCreated, onStream),
  };
}
