import { Metadata } from "@grpc/grpc-js";
import {
  type CallValues,
  type ContextKey,
  callValues,
  type ServedCall,
} from "@grpc-kit/grpc-context";
import { isReserved } from "@grpc-kit/grpc-status";
import { peerOf } from "./peer-of.ts";
import type { WireCall } from "./wire-call.ts";

/** What a handler knows of its call, beside the request. */
export interface CallContext extends ServedCall {
  /** The caller's address: "127.0.0.1:50812", "[::1]:50812", or "unknown" (a Unix socket has none). */
  readonly peer: string;
  /** Milliseconds until the deadline: 0 once it has passed, Infinity if there is none. */
  timeRemaining(): number;
  /** Sends an entry with the first message. After it, the entry is dropped and reported. */
  setHeader(key: string, value: string | Uint8Array): void;
  /** Sends an entry with the status, whether the call succeeds or fails. */
  setTrailer(key: string, value: string | Uint8Array): void;
}

/** The context as the server uses it. */
export class HandlerContext implements CallContext {
  readonly path: string;
  readonly metadata: Metadata;
  readonly deadline: number;
  /** Undefined until a handler sets one. */
  trailers: Metadata | undefined;
  readonly #wire: WireCall;
  #headers: Metadata | undefined;
  #areHeadersSent = false;
  #values: CallValues | undefined;
  #controller: AbortController | undefined;
  #abortReason: unknown;

  constructor(wire: WireCall, metadata: Metadata) {
    this.path = wire.route.path;
    this.metadata = metadata;
    this.deadline = wire.deadline;
    this.#wire = wire;
  }

  get peer(): string {
    return peerOf(this.#wire.open.connection.socket);
  }

  // Most handlers never ask, and a controller with its reason costs more than all the rest.
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) {
        this.#controller.abort(this.#abortReason);
      }
    }
    return this.#controller.signal;
  }

  /** Aborts the signal, now or when it is asked for. */
  abort(reason: Error): void {
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }

  timeRemaining(): number {
    return Math.max(0, this.deadline - Date.now());
  }

  get<Value>(key: ContextKey<Value>): Value | undefined {
    this.#values ??= callValues(this.metadata);
    return this.#values.get(key);
  }

  set<Value>(key: ContextKey<Value>, value: Value): void {
    this.#values ??= callValues(this.metadata);
    this.#values.set(key, value);
  }

  setHeader(key: string, value: string | Uint8Array): void {
    if (this.#areHeadersSent) {
      const error = new Error(`headers must be set before the first message, dropped ${key}`);
      this.#wire.route.onError(error, this, undefined);
      return;
    }
    this.#headers ??= new Metadata();
    this.#setEntry(this.#headers, key, value);
  }

  /** The headers to send before the first message, if there are any. Later ones are refused. */
  takeHeaders(): Metadata | undefined {
    const headers = this.#areHeadersSent ? undefined : this.#headers;
    this.#areHeadersSent = true;
    return headers;
  }

  setTrailer(key: string, value: string | Uint8Array): void {
    this.trailers ??= new Metadata();
    this.#setEntry(this.trailers, key, value);
  }

  #setEntry(metadata: Metadata, key: string, value: string | Uint8Array): void {
    if (isReserved(key)) {
      throw new TypeError(
        `metadata key must be legal and none of the protocol's own, got "${key}"`,
      );
    }
    try {
      metadata.set(key, typeof value === "string" ? value : Buffer.from(value));
    } catch (error) {
      // The value often comes from a caller or a database, so it must not decide how a call ends.
      this.#wire.route.onError(error, this, undefined);
    }
  }
}
