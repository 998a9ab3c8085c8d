import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import type { WireCall } from "./wire-call.ts";

// How much of a call's answer may wait in this process for its caller to read. In the window, many
// messages share one DATA frame: one at a time, as in grpc-js's own streams, costs 13 times as much.
const maxBytes = 256 * 1024;
const maxMessages = 256;

/** Sends the messages of one call, no more ahead of the caller than the window holds. */
export class ResponseWindow {
  readonly #call: ServerInterceptingCallInterface;
  readonly #wire: WireCall;
  #bytes = 0;
  #messages = 0;
  #isHeld = false;
  #wake: (() => void) | undefined;

  /** Messages enter the chain of interceptors at `call` and leave it at `wire`. */
  constructor(call: ServerInterceptingCallInterface, wire: WireCall) {
    this.#call = call;
    this.#wire = wire;
  }

  /** Whether there is room for another message. */
  get isOpen(): boolean {
    return this.#bytes < maxBytes && this.#messages < maxMessages && !this.#isHeld;
  }

  /**
   * Whether an interceptor still holds a message. Until it lets go, grpc-js loses or reorders
   * whatever is sent, a status included.
   */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Sends a message, whether or not there is room. */
  send(message: unknown): void {
    const { settled } = this.#wire;
    let bytes = 0;
    let isHeld = false;
    let isWritten = false;
    this.#messages += 1;
    this.#call.sendMessage(message, () => {
      if (isWritten) {
        return;
      }
      isWritten = true;
      this.#wire.open.messagesTaken += 1;
      this.#messages -= 1;
      this.#bytes -= bytes;
      if (isHeld) {
        this.#isHeld = false;
      }
      this.#wakeUp();
    });
    if (this.#wire.settled > settled) {
      bytes = this.#wire.latestBytes;
      this.#bytes += bytes;
    } else if (!isWritten) {
      isHeld = true;
      this.#isHeld = true;
    }
  }

  /** Waits for nothing any more: a message has failed on its way, or the call has ended. */
  giveUp(): void {
    this.#isHeld = false;
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Settles when there is room for half a window of messages, or nothing to wait for. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #wakeUp(): void {
    const isHalfOpen = this.#bytes <= maxBytes / 2 && this.#messages <= maxMessages / 2;
    if (isHalfOpen && !this.#isHeld) {
      this.#wake?.();
      this.#wake = undefined;
    }
  }
}
