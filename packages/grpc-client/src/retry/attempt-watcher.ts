import { Metadata, type MetadataOptions, type status } from "@grpc/grpc-js";

/** What grpc-js sends with all attempts but the first. */
export const previousAttemptsKey = "grpc-previous-rpc-attempts";

/** Whom an attempt is sent to. */
export interface Peer {
  getAddress(): string;
}

export interface Attempt {
  /** 1 for the first. */
  readonly position: number;
  readonly peer: Peer;
}

/** Follows the attempts that grpc-js makes for one call. */
export interface AttemptWatcher {
  /** Whether the call must be sent once. */
  readonly isSingle: boolean;
  /** Whether another attempt may be sent: not if the call is over. Once it may not, none may any more. */
  maySend(): boolean;
  /** How many attempts have been sent. */
  readonly attempts: number;
  hasTried(peer: Peer): boolean;
  onAttemptStarted(peer: Peer): void;
  /**
   * Told after grpc-js has decided on the next attempt, and before the next starts. `attempt` says which
   * it was: hedges run at the same time.
   */
  onAttemptEnded(code: status, details: string, trailers: Metadata, attempt: Attempt): void;
}

/** Metadata that says, in all its copies, whose call it is sent with; nothing of that is sent. */
export class WatchedMetadata extends Metadata {
  /** Not private, so that another copy of this package finds it as well. */
  readonly attemptWatcher: AttemptWatcher;

  constructor(source: Metadata, watcher: AttemptWatcher, options: MetadataOptions) {
    super(options);
    this.attemptWatcher = watcher;
    this.merge(source);
  }

  override clone(): WatchedMetadata {
    return new WatchedMetadata(this, this.attemptWatcher, this.getOptions());
  }
}

/** Undefined for calls that are not made by a stub. */
export function attemptWatcherOf(metadata: Metadata): AttemptWatcher | undefined {
  return (metadata as Metadata & Partial<Pick<WatchedMetadata, "attemptWatcher">>).attemptWatcher;
}
