import type { InterceptorOptions } from "@grpc/grpc-js";
import type { OpenCall } from "../channel/call-source.ts";
import type { Peer } from "../retry/attempt-watcher.ts";

/** The call as its caller has it. */
export interface CallOwner {
  readonly isEnded: boolean;
  /** Ends the call with what was thrown where nobody would catch it. */
  onThrown(error: unknown): void;
}

/** What a stub and the transport tell each other of a call, past the interceptors between them. */
export interface CallState {
  /** Whether the call must be sent once. */
  readonly isSingle: boolean;
  readonly waitForReady: boolean;
  readonly owner: CallOwner;
  /** What performance.now() counts from: the clock may be set while the call runs. */
  readonly epoch: number;
  /** What it may take in all. */
  allowedMs: number;
  /** What it is sent by, once it is. */
  transport: OpenCall | undefined;
  /** How often it was sent. */
  attempts: number;
  /** Whether this client has ended it, without a word from the server. */
  isEndedHere: boolean;
  /** Whether it was ended for this process's own reasons, which say nothing of the server. */
  isCallers: boolean;
  /** What went wrong here, if anything did. */
  cause: unknown;
  /** Whom it was last sent to; once it has ended, who answered. */
  peer: Peer | undefined;
}

export function newCallState(
  isSingle: boolean,
  waitForReady: boolean,
  owner: CallOwner,
): CallState {
  return {
    isSingle,
    waitForReady,
    owner,
    epoch: Date.now() - performance.now(),
    allowedMs: Number.POSITIVE_INFINITY,
    transport: undefined,
    attempts: 0,
    isEndedHere: false,
    isCallers: false,
    cause: undefined,
    peer: undefined,
  };
}

/** Options with the state of their call, which interceptors hand on like all that they do not know. */
export interface StatefulOptions extends InterceptorOptions {
  readonly grpcKitCall?: CallState;
}
