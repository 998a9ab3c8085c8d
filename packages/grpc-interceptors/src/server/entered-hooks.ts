import type { WireStatus } from "@grpc-kit/grpc-status";
import type { Method } from "../method.ts";
import { reportToStderr } from "../report.ts";
import type { CallHook, CallOutcome, CallStatus } from "./call-hook.ts";

/**
 * The hooks that have seen the headers of a call. What one of them throws keeps nothing from the others:
 * a call must end, and be seen to end.
 */
export class EnteredHooks {
  readonly #method: Method;
  /** Outermost first. */
  readonly #hooks: CallHook[] = [];

  constructor(method: Method) {
    this.#method = method;
  }

  add(hook: CallHook): void {
    this.#hooks.push(hook);
  }

  /** A message from the caller. Throws what a hook refuses it with. */
  receive(message: unknown): void {
    for (const hook of this.#hooks) {
      hook.onMessage?.(message);
    }
  }

  /** A message to the caller. */
  send(message: unknown): void {
    for (const hook of this.#hooks) {
      if (hook.onSendMessage !== undefined) {
        try {
          hook.onSendMessage(message);
        } catch (error) {
          this.#report(error);
        }
      }
    }
  }

  /** What the innermost hook that knows of failures makes of one. */
  statusOf(failure: unknown): WireStatus | undefined {
    for (let index = this.#hooks.length - 1; index >= 0; index -= 1) {
      try {
        const answer = this.#hooks[index]?.onFailure?.(failure);
        if (answer !== undefined) {
          return answer;
        }
      } catch (error) {
        this.#report(error);
      }
    }
    return undefined;
  }

  /** The status as the hooks want it to be sent. */
  finish(status: CallStatus): CallStatus {
    let sent = status;
    for (let index = this.#hooks.length - 1; index >= 0; index -= 1) {
      try {
        sent = this.#hooks[index]?.onSendStatus?.(sent) ?? sent;
      } catch (error) {
        this.#report(error);
      }
    }
    return sent;
  }

  end(outcome: CallOutcome): void {
    for (let index = this.#hooks.length - 1; index >= 0; index -= 1) {
      this.endOne(this.#hooks[index], outcome);
    }
  }

  endOne(hook: CallHook | undefined, outcome: CallOutcome): void {
    try {
      hook?.onEnd?.(outcome);
    } catch (error) {
      this.#report(error);
    }
  }

  /** Forgets them, once the call is over. */
  clear(): void {
    this.#hooks.length = 0;
  }

  #report(error: unknown): void {
    reportToStderr(`an interceptor has thrown in a call of ${this.#method.path}`, error);
  }
}
