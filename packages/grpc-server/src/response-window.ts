import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import type { EncodedMessage } from "./route.ts";

// How much of a call's answer may wait in this process for its caller to read. In the window, many
// messages share one DATA frame: one at a time, as in grpc-js's own streams, costs 13 times as much.
const maxBytes = 256 * 1024;
const maxMessages = 256;

/** Sends the messages of one call, no more ahead of the caller than the window holds. */
export class ResponseWindow<Response> {
  readonly #call: ServerInterceptingCallInterface;
  readonly #encoded: EncodedMessage;
  #bytes = 0;
  #messages = 0;
  #held = false;
  #wake: (() => void) | undefined;

  constructor(call: ServerInterceptingCallInterface, encoded: EncodedMessage) {
    this.#call = call;
    this.#encoded = encoded;
  }

  /** Whether there is room for another message. */
  get isOpen(): boolean {
    return this.#bytes < maxBytes && this.#messages < maxMessages && !this.#held;
  }

  /**
   * Whether an interceptor still holds a message. Until it lets go, grpc-js loses or reorders
   * whatever is sent, a status included.
   */
  get isHeld(): boolean {
    return this.#held;
  }

  /** Sends a message, whether or not there is room. Throws what its serializer throws. */
  send(message: Response): void {
    this.#encoded.bytes = undefined;
    this.#encoded.failure = undefined;
    let bytes = 0;
    let isSent = false;
    this.#messages += 1;
    this.#call.sendMessage(message, () => {
      isSent = true;
      this.#messages -= 1;
      this.#bytes -= bytes;
      this.#held = false;
      this.#wakeUp();
    });
    // An error is rethrown here, where its cause is still known; grpc-js has a status for it only.
    const encoded: EncodedMessage = this.#encoded;
    if (encoded.failure !== undefined) {
      throw encoded.failure.cause;
    }
    if (encoded.bytes !== undefined) {
      bytes = encoded.bytes;
      this.#bytes += bytes;
    } else if (!isSent) {
      this.#held = true;
    }
  }

  /** Settles when there is room for half a window of messages. Never, if the call ends before. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #wakeUp(): void {
    if (this.#bytes <= maxBytes / 2 && this.#messages <= maxMessages / 2) {
      this.#wake?.();
      this.#wake = undefined;
    }
  }
}
