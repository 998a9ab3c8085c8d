import type { SingleResponseOptions } from "../stub/call-options.ts";
import type { Requests } from "../stub/stub.ts";
import { checkTimeout } from "./check-timeout.ts";
import type { MethodPlan } from "./method-plan.ts";
import { type Receiver, RunningCall } from "./running-call.ts";
import { sendRequests } from "./send-requests.ts";
import { withCallerFrames } from "./with-caller-frames.ts";
import { withRequestId } from "./with-request-id.ts";

const messagesPerTurn = 16;

export function callUnary(
  plan: MethodPlan,
  request: unknown,
  options: SingleResponseOptions = {},
): Promise<unknown> {
  const promise = new Promise((resolve, reject) => {
    const response = new SingleResponse(resolve, reject);
    const call = new RunningCall(plan, checkTimeout(plan, options), options, response);
    call.send(withRequestId(plan, request));
    call.halfClose();
    call.startRead();
  });
  return withCallerFrames(promise);
}

export function callClientStream(
  plan: MethodPlan,
  requests: Requests<unknown>,
  options: SingleResponseOptions = {},
): Promise<unknown> {
  const promise = new Promise((resolve, reject) => {
    const response = new SingleResponse(resolve, reject);
    const call = new RunningCall(plan, checkTimeout(plan, options), options, response);
    if (!call.isEnded) {
      response.stopSending = sendRequests(call, requests, messagesPerTurn);
      call.startRead();
    }
  });
  return withCallerFrames(promise);
}

/** The one response of a call, as a promise. */
class SingleResponse implements Receiver {
  readonly #resolve: (response: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #response: unknown;
  stopSending: (() => void) | undefined;

  constructor(resolve: (response: unknown) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onMessage(message: unknown): void {
    this.#response = message;
  }

  onEnd(error: unknown): void {
    this.stopSending?.();
    if (error === undefined) {
      this.#resolve(this.#response);
    } else {
      this.#reject(error);
    }
  }
}
