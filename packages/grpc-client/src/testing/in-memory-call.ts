import { type experimental, Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { maxTimerMs } from "../check-option.ts";
import { attemptWatcherOf } from "../retry/attempt-watcher.ts";
import { EventQueue } from "./event-queue.ts";
import type { ServerWire, ServerWireListener } from "./server-wire.ts";

type ClientCall = experimental.CallStream;
type ClientListener = Parameters<ClientCall["start"]>[1];
type ServerStatus = Parameters<ServerWire["sendStatus"]>[0];

/** Gives a call its handler. */
export type Serve = (path: string, wire: ServerWire) => ServerWireListener;

export const inMemoryPeer = "in-memory";

/** A call without a network: what grpc-js's channel makes for its client, and its server for a handler. */
export class InMemoryCall implements ClientCall {
  readonly #path: string;
  readonly #deadline: number;
  readonly #serve: Serve;
  readonly #toServer = new EventQueue();
  readonly #toClient = new EventQueue();
  #listener: ClientListener | undefined;
  #server: ServerWireListener | undefined;
  #onStatus: (ended: StatusObject) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #areHeadersSent = false;

  constructor(path: string, deadline: number, serve: Serve) {
    this.#path = path;
    this.#deadline = deadline;
    this.#serve = serve;
  }

  start(metadata: Metadata, listener: ClientListener): void {
    this.#listener = listener;
    const watcher = attemptWatcherOf(metadata);
    const attempt = { position: 1, peer: { getAddress: () => inMemoryPeer } };
    watcher?.onAttemptStarted(attempt.peer);
    this.#onStatus = (ended) => {
      watcher?.onAttemptEnded(ended.code, ended.details, ended.metadata, attempt);
      listener.onReceiveStatus(ended);
    };
    const leftMs = this.#deadline - Date.now();
    if (leftMs <= maxTimerMs) {
      const late = `Deadline exceeded after ${leftMs / 1_000}s`;
      this.#timer = setTimeout(() => this.cancelWithStatus(status.DEADLINE_EXCEEDED, late), leftMs);
    }
    const server = this.#serve(this.#path, this.#serverWire());
    this.#server = server;
    const sent = overTheWire(metadata);
    this.#toServer.tell(() => server.onReceiveMetadata(sent));
  }

  sendMessageWithContext(
    { callback }: Parameters<ClientCall["sendMessageWithContext"]>[0],
    message: Buffer,
  ): void {
    this.#toServer.tellMessage(() => {
      this.#server?.onReceiveMessage(message);
      callback?.();
    });
  }

  halfClose(): void {
    this.#toServer.tellMessage(() => this.#server?.onReceiveHalfClose());
  }

  startRead(): void {
    this.#toClient.ask();
  }

  cancelWithStatus(code: status, details: string): void {
    clearTimeout(this.#timer);
    this.#toClient.clear();
    this.#toClient.tell(() => this.#onStatus({ code, details, metadata: new Metadata() }));
    this.#toServer.clear();
    this.#toServer.tell(() => this.#server?.onCancel());
  }

  getPeer(): string {
    return inMemoryPeer;
  }

  getCallNumber(): number {
    return 0;
  }

  getAuthContext(): null {
    return null;
  }

  // What they would add to the metadata is left out: tests of callers have no tokens.
  setCredentials(): void {}

  #serverWire(): ServerWire {
    return {
      getPeer: () => inMemoryPeer,
      getDeadline: () => this.#deadline,
      startRead: () => this.#toServer.ask(),
      sendMetadata: (headers) => this.#sendHeaders(headers),
      sendMessage: (message: Buffer, callback) => {
        this.#sendHeaders(new Metadata());
        this.#toClient.tellMessage(() => {
          this.#listener?.onReceiveMessage(message);
          callback();
        });
      },
      sendStatus: (ended) => this.#sendStatus(ended),
    };
  }

  #sendHeaders(headers: Metadata): void {
    if (!this.#areHeadersSent) {
      this.#areHeadersSent = true;
      const sent = overTheWire(headers);
      this.#toClient.tell(() => this.#listener?.onReceiveMetadata(sent));
    }
  }

  #sendStatus({ code = status.UNKNOWN, details = "", metadata }: ServerStatus): void {
    this.#toServer.clear();
    const trailers = overTheWire(metadata ?? new Metadata());
    this.#toClient.tell(() => {
      clearTimeout(this.#timer);
      this.#onStatus({ code, details, metadata: trailers });
    });
  }
}

/** What arrives of metadata: its entries alone. */
function overTheWire(metadata: Metadata): Metadata {
  const copy = new Metadata();
  copy.merge(metadata);
  return copy;
}
