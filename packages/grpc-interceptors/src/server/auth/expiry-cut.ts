import type { CallHook, InterceptedCall } from "../call-hook.ts";
import { unauthenticated } from "./auth-error.ts";
import type { VerifiedCaller } from "./verified-caller.ts";

// What setTimeout can wait for. It takes anything longer for 1 ms.
const maxDelayMs = 2 ** 31 - 1;

/** Ends a call when the credentials of its caller expire. */
export class ExpiryCut implements CallHook {
  readonly #call: InterceptedCall;
  readonly #at: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(call: InterceptedCall, at: number) {
    this.#call = call;
    this.#at = at;
    this.#wait();
  }

  /** Undefined if they never expire. A call that came in by the tolerance of clocks keeps as long. */
  static of(
    call: InterceptedCall,
    { expiresAtMs, acceptedUntilMs = expiresAtMs }: VerifiedCaller,
  ): ExpiryCut | undefined {
    const at = Date.now() < expiresAtMs ? expiresAtMs : acceptedUntilMs;
    return at === Number.POSITIVE_INFINITY ? undefined : new ExpiryCut(call, at);
  }

  onEnd(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    const left = this.#at - Date.now();
    if (left <= 0) {
      this.#call.fail(unauthenticated("TOKEN_EXPIRED", new Error("the stream outlived its token")));
      return;
    }
    this.#timer = setTimeout(() => this.#wait(), Math.min(left, maxDelayMs));
    this.#timer.unref();
  }
}
