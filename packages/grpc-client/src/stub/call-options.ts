import type { CallCredentials, Metadata, status } from "@grpc/grpc-js";

/** How a call ended. */
export interface CallStatus {
  readonly code: status;
  /** The server's text for people; empty after success. */
  readonly details: string;
  /** The trailers. */
  readonly metadata: Metadata;
  /** How often the call was sent, as far as it is known: 0 if it never was. */
  readonly attempts: number;
  /** Whether this client decided it, without a word from the server. */
  readonly local: boolean;
  /** The server's address; empty if the call was never sent. */
  readonly peer: string;
}

export interface CallOptions {
  /** Ends the call with CANCELLED when it aborts. One that has aborted already sends nothing. */
  readonly signal?: AbortSignal;
  /** What is sent with the call. It is copied. */
  readonly metadata?: Metadata;
  /** Whether to wait, until the deadline, for a server that cannot be reached. Default: false. */
  readonly waitForReady?: boolean;
  /** `false`: the call is sent once, whatever its method's policy is. */
  readonly retry?: false;
  /** Credentials of this call, beside those of its channel. Refused without TLS, but to the same machine. */
  readonly credentials?: CallCredentials;
  /** Told of the headers before the first message. */
  readonly onHeaders?: (headers: Metadata) => void;
  /** Told once how the call ended, trailers included, before its promise or iterator settles. */
  readonly onStatus?: (status: CallStatus) => void;
}

/** Options of calls with one response: unary and client-streaming ones. */
export interface SingleResponseOptions extends CallOptions {
  /** The most that the call may take. Default: the method's, or else the client's default. */
  readonly timeoutMs?: number;
}

/** Options of calls with a stream of responses: server-streaming and bidirectional ones. */
export interface ResponseStreamOptions extends CallOptions {
  /**
   * The most that the whole stream may take, or "none". It must be given here, for the method, or as
   * the client's `defaultStreamTimeoutMs`.
   */
  readonly timeoutMs?: number | "none";
}
