import type { InterceptorOptions } from "@grpc/grpc-js";
import type { Peer } from "../retry/attempt-watcher.ts";

/** What a stub and the transport tell each other of a call, past the interceptors between them. */
export interface CallState {
  /** Whether the call must be sent once. */
  readonly isSingle: boolean;
  readonly waitForReady: boolean;
  /** How often it was sent. */
  attempts: number;
  /** Whether this client has ended it, without a word from the server. */
  isEndedHere: boolean;
  /** Whether how it ended says anything of the server; a caller's cancellation does not. */
  isCallers: boolean;
  /** What went wrong here, if anything did. */
  cause: unknown;
  /** Whom it was last sent to. */
  peer: Peer | undefined;
}

export function newCallState(isSingle: boolean, waitForReady: boolean): CallState {
  return {
    isSingle,
    waitForReady,
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
