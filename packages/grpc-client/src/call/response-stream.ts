import { status } from "@grpc/grpc-js";
import { isGrpcCallError } from "@grpc-kit/grpc-status";
import type { ResponseStreamOptions } from "../stub/call-options.ts";
import type { Requests } from "../stub/stub.ts";
import { checkTimeout } from "./check-timeout.ts";
import type { MethodPlan } from "./method-plan.ts";
import { type Receiver, RunningCall } from "./running-call.ts";
import { sendRequests } from "./send-requests.ts";
import { withCallerFrames } from "./with-caller-frames.ts";
import { withRequestId } from "./with-request-id.ts";

type Result = IteratorResult<unknown, undefined>;

// So many messages wait here for a caller that is slower than the server; more wait on their way.
const readAhead = 8;

// Once there is a response, grpc-js copies the list of all messages that wait with each that is sent.
const messagesPerTurn = 1;

export function callServerStream(
  plan: MethodPlan,
  request: unknown,
  options: ResponseStreamOptions = {},
): AsyncIterableIterator<unknown> {
  return new ResponseStream(plan, options, (call) => {
    call.send(withRequestId(plan, request));
    call.halfClose();
    return undefined;
  });
}

export function callBidi(
  plan: MethodPlan,
  requests: Requests<unknown>,
  options: ResponseStreamOptions = {},
): AsyncIterableIterator<unknown> {
  return new ResponseStream(plan, options, (call) => sendRequests(call, requests, messagesPerTurn));
}

/** The responses of a call, which starts when the first is asked for, and ends when no more are. */
class ResponseStream implements AsyncIterableIterator<unknown, undefined>, Receiver {
  readonly #plan: MethodPlan;
  readonly #options: ResponseStreamOptions;
  readonly #send: (call: RunningCall) => (() => void) | undefined;
  readonly #messages: unknown[] = [];
  readonly #waiting: PromiseWithResolvers<Result>[] = [];
  #call: RunningCall | undefined;
  #stopSending: (() => void) | undefined;
  #isReading = false;
  #isOver = false;
  #error: unknown;

  constructor(
    plan: MethodPlan,
    options: ResponseStreamOptions,
    send: (call: RunningCall) => (() => void) | undefined,
  ) {
    this.#plan = plan;
    this.#options = options;
    this.#send = send;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#messages.length > 0) {
      const value = this.#messages.shift();
      this.#read();
      return Promise.resolve({ done: false, value });
    }
    if (this.#call === undefined && !this.#isOver) {
      try {
        this.#start();
      } catch (error) {
        this.#isOver = true;
        return Promise.reject(error);
      }
    }
    if (this.#isOver) {
      const error = this.#error;
      this.#error = undefined;
      return error === undefined
        ? Promise.resolve({ done: true, value: undefined })
        : withCallerFrames(Promise.reject(error));
    }
    const waiting = Promise.withResolvers<Result>();
    this.#waiting.push(waiting);
    return withCallerFrames(waiting.promise);
  }

  /** Cancels the call, as `break` does in `for await`. What the caller still waits for is the end. */
  return(): Promise<Result> {
    this.#messages.length = 0;
    this.#isOver = true;
    this.#endWaiting();
    this.#call?.cancel(status.CANCELLED, "the caller has read enough");
    const error = this.#error;
    this.#error = undefined;
    // That the call was cancelled is no news, unlike what the caller's own `onStatus` throws.
    return error === undefined || isGrpcCallError(error)
      ? Promise.resolve({ done: true, value: undefined })
      : Promise.reject(error);
  }

  onMessage(message: unknown): void {
    this.#isReading = false;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#messages.push(message);
    } else {
      waiting.resolve({ done: false, value: message });
    }
    this.#read();
  }

  onEnd(error: unknown): void {
    this.#isOver = true;
    this.#stopSending?.();
    const first = this.#waiting.shift();
    if (first === undefined) {
      this.#error = error;
    } else if (error === undefined) {
      first.resolve({ done: true, value: undefined });
    } else {
      first.reject(error);
    }
    this.#endWaiting();
  }

  #endWaiting(): void {
    for (const waiting of this.#waiting.splice(0)) {
      waiting.resolve({ done: true, value: undefined });
    }
  }

  #start(): void {
    const timeoutMs = checkTimeout(this.#plan, this.#options);
    const call = new RunningCall(this.#plan, timeoutMs, this.#options, this);
    this.#call = call;
    if (!call.isEnded) {
      this.#stopSending = this.#send(call);
      this.#read();
    }
  }

  #read(): void {
    if (!this.#isReading && !this.#isOver && this.#messages.length < readAhead) {
      this.#isReading = true;
      this.#call?.startRead();
    }
  }
}
