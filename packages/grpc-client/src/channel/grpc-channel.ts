/** https://github.com/grpc/grpc/blob/master/doc/connectivity-semantics-and-api.md */
export type ChannelState = "IDLE" | "CONNECTING" | "READY" | "TRANSIENT_FAILURE" | "SHUTDOWN";

/** The way to one target. It connects when it is first used. */
export interface GrpcChannel {
  readonly target: string;
  /** The best state of its connections. */
  readonly state: ChannelState;
  /** How many connections (to each address) it has. */
  readonly connections: number;
  /** How many calls are running. */
  readonly openCalls: number;
  /**
   * Connects, and resolves once a call could be sent. Rejects with a GrpcCallError: UNAVAILABLE after
   * `timeoutMs` (default: 20_000) or when the channel is closed, CANCELLED if the signal aborts.
   */
  waitForReady(options?: {
    readonly timeoutMs?: number;
    readonly signal?: AbortSignal;
  }): Promise<void>;
  /**
   * Takes no more calls, waits for those that run, and cancels those that have not ended after
   * `graceMs` (default: 5_000), with UNAVAILABLE. Never rejects. A second time, it can only be sooner.
   */
  close(options?: CloseOptions): Promise<void>;
}

export interface CloseOptions {
  /** How long running calls have to end. Default: 5_000. */
  readonly graceMs?: number;
}
