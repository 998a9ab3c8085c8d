import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { ObservedCall } from "./call-observer.ts";
import type { Connection } from "./connection.ts";

/** A call as HTTP/2 has it. */
export interface OpenStream {
  readonly connection: Connection;
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  /** What its headers add up to. */
  headerBytes: number;
  /** Messages, and their bytes without the prefixes. Counted as they pass grpc-js. */
  messagesReceived: number;
  messagesSent: number;
  bytesReceived: number;
  bytesSent: number;
  /** How many of the messages that were sent have left this process. */
  messagesTaken: number;
  /** Whether the interceptors have been shown its headers. */
  isIntercepted: boolean;
  /** Whether nothing more is done for it: its status has been sent, or nobody waits for one. */
  isEnded: boolean;
  /** What observers were told of it. */
  observed: ObservedCall | undefined;
  openedAt: number;
}

export interface StreamListener {
  onOpen(open: OpenStream): void;
  onClose(open: OpenStream): void;
}

/** Which stream an engine has just been told of. */
export interface StreamTracker {
  /** Begins to learn of streams. */
  watch(): void;
  /** Runs what sets up a connection; all that happens on the connection then belongs to it. */
  run(connection: Connection, setUp: () => void): void;
  /** The stream that the engine has been told of last; it looks at it before it is told of another. */
  latest(): OpenStream | undefined;
  /** Learns of no more streams. */
  close(): void;
}

type Tracked = ServerHttp2Stream & { [key: symbol]: OpenStream | undefined };

interface StreamMessage {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
}

// https://nodejs.org/api/diagnostics_channel.html: the one public way from a call of grpc-js to its
// stream, and the one place where all streams are seen: grpc-js has no interceptor for some.
const created = "http2.server.stream.created";
const closed = "http2.server.stream.close";

/**
 * Lets go of what listens to a stream that has closed, once it has been told. Node keeps streams for longer
 * than that, and the garbage collector would move all that hangs on them: it is a third of a call's cost.
 */
function forgetListeners(this: ServerHttp2Stream): void {
  // While there are these, each of the others is removed by itself.
  this.removeAllListeners("removeListener");
  // Not the stream's own, which would look a tick later at whether it is to flow.
  EventEmitter.prototype.removeAllListeners.call(this);
  // An error that nobody listens to would end the process.
  this.on("error", ignore);
}

function ignore(): void {}

export function trackStreams(listener: StreamListener): StreamTracker {
  const storage = new AsyncLocalStorage<Connection>();
  // On the stream itself: for each call in a WeakMap, the garbage collector would have to look twice.
  const key = Symbol("grpc-kit.open-stream");

  let latest: OpenStream | undefined;
  const onStream = (stream: ServerHttp2Stream): void => {
    latest = (stream as Tracked)[key];
  };

  const onCreated = (message: unknown): void => {
    const connection = storage.getStore();
    if (connection === undefined) {
      return;
    }
    const { stream, headers } = message as StreamMessage;
    if (connection.session === undefined) {
      connection.session = stream.session;
      // Node tells of the stream a tick later. A context of its own for each would be a copy of all others.
      connection.session?.prependListener("stream", onStream);
    }
    const open: OpenStream = {
      connection,
      stream,
      headers,
      headerBytes: 0,
      messagesReceived: 0,
      messagesSent: 0,
      bytesReceived: 0,
      bytesSent: 0,
      messagesTaken: 0,
      isIntercepted: false,
      isEnded: false,
      observed: undefined,
      openedAt: 0,
    };
    (stream as Tracked)[key] = open;
    connection.streams.add(open);
    stream.on("close", forgetListeners);
    listener.onOpen(open);
  };
  const onClosed = (message: unknown): void => {
    const open = ((message as StreamMessage).stream as Tracked)[key];
    if (open === undefined) {
      return;
    }
    open.connection.streams.delete(open);
    open.connection.idleSince = performance.now();
    listener.onClose(open);
  };

  return {
    watch() {
      subscribe(created, onCreated);
      subscribe(closed, onClosed);
    },
    run: (connection, setUp) => storage.run(connection, setUp),
    latest: () => latest,
    close() {
      unsubscribe(created, onCreated);
      unsubscribe(closed, onClosed);
    },
  };
}
