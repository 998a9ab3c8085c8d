import { type Metadata, type StatusObject, status } from "@grpc/grpc-js";
import type { Attempt, AttemptWatcher, Peer } from "../retry/attempt-watcher.ts";
import type { CallState } from "./call-state.ts";
import { isDiscardedHedge, mayFollow } from "./grpc-js-statuses.ts";
import type { MethodPlan } from "./method-plan.ts";
import { tellObserver } from "./tell-observer.ts";

type AttemptsPlan = Pick<
  MethodPlan,
  "definition" | "source" | "observer" | "hedging" | "retriesInternal"
>;

/** The call whose attempts they are. */
export interface AttemptedCall {
  readonly isEnded: boolean;
  readonly leftMs: number;
  /** What a status means for the call. */
  explain(received: StatusObject): StatusObject;
  /** There is nothing more to wait for. */
  onLastAttempt(ended: StatusObject): void;
}

/** Counts the attempts of a call, and ends it where grpc-js would send it again and should not. */
export class Attempts implements AttemptWatcher {
  readonly #plan: AttemptsPlan;
  readonly #state: CallState;
  readonly #call: AttemptedCall;
  #tried: Peer[] | undefined;
  #ended = 0;
  #lastFailure: StatusObject | undefined;
  #isHeldBack = false;

  constructor(plan: AttemptsPlan, state: CallState, call: AttemptedCall) {
    this.#plan = plan;
    this.#state = state;
    this.#call = call;
  }

  get isSingle(): boolean {
    return this.#state.isSingle;
  }

  get attempts(): number {
    return this.#state.attempts;
  }

  maySend(): boolean {
    if (this.#call.isEnded || this.attempts === 0) {
      return !this.#call.isEnded;
    }
    // For good: grpc-js may not ask again for a copy once there are tokens.
    this.#isHeldBack ||= this.isSingle || this.#isThrottled;
    if (this.#isHeldBack) {
      // Later: the end of the call may close the channel that asks.
      process.nextTick(() => this.#endIfLast());
    }
    return !this.#isHeldBack;
  }

  hasTried(peer: Peer): boolean {
    return this.#tried?.includes(peer) === true;
  }

  onAttemptStarted(peer: Peer): void {
    this.#state.attempts += 1;
    this.#state.peer = peer;
    if (this.#tried === undefined) {
      this.#tried = [peer];
    } else {
      this.#tried.push(peer);
    }
  }

  onAttemptEnded(code: status, details: string, metadata: Metadata, attempt: Attempt): void {
    if (this.#call.isEnded || isDiscardedHedge(code, details)) {
      return;
    }
    this.#state.peer = attempt.peer;
    this.#ended += 1;
    this.#plan.hedging?.count(code);
    if (code === status.OK) {
      return;
    }
    const received = { code, details, metadata };
    const ended = this.#call.explain(received);
    this.#tellFailure(ended, attempt.position);
    this.#lastFailure = ended;
    if (this.isSingle || !mayFollow(received, this.#plan.retriesInternal, this.#call.leftMs)) {
      this.#call.onLastAttempt(ended);
      return;
    }
    this.#isHeldBack ||= this.#isThrottled;
    this.#endIfLast();
  }

  /** Ends the call if no attempt runs, and no more may be sent. */
  #endIfLast(): void {
    const isLast = this.#isHeldBack && this.#ended === this.attempts;
    if (isLast && this.#lastFailure !== undefined && !this.#call.isEnded) {
      this.#call.onLastAttempt(this.#lastFailure);
    }
  }

  // grpc-js asks its own throttle for retries alone.
  get #isThrottled(): boolean {
    return this.#plan.hedging?.throttle?.mayHedge === false;
  }

  #tellFailure({ code, details }: StatusObject, attempt: number): void {
    const { source, definition, observer } = this.#plan;
    if (observer.onAttemptFailed !== undefined) {
      const failure = { target: source.target, path: definition.path, attempt, code, details };
      tellObserver(() => observer.onAttemptFailed?.(failure));
    }
  }
}
