import type { Metadata, StatusObject, status } from "@grpc/grpc-js";
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

  get maySend(): boolean {
    return !this.#call.isEnded && (this.attempts === 0 || !(this.isSingle || this.#isThrottled));
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
    if (this.#call.isEnded || isDiscardedHedge(details)) {
      return;
    }
    this.#state.peer = attempt.peer;
    this.#ended += 1;
    this.#plan.hedging?.count(code);
    if (code === 0) {
      return;
    }
    const received = { code, details, metadata };
    const ended = this.#call.explain(received);
    this.#tellFailure(ended, attempt.position);
    const isLast =
      this.isSingle ||
      (this.#isThrottled && this.#ended === this.attempts) ||
      !mayFollow(received, this.#plan.retriesInternal, this.#call.leftMs);
    if (isLast) {
      this.#call.onLastAttempt(ended);
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
