import {
  type InterceptingListener,
  Metadata,
  type NextCall,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { currentCall, type ServedCall } from "@grpc-kit/grpc-context";
import { GrpcCallError } from "@grpc-kit/grpc-status";
import type { CallOptions } from "../stub/call-options.ts";
import { callDeadline } from "./call-deadline.ts";
import {
  type CallOwner,
  type CallState,
  newCallState,
  type StatefulOptions,
} from "./call-state.ts";
import type { MethodPlan } from "./method-plan.ts";
import { tellObserver } from "./tell-observer.ts";

/** What a kind of call does with its responses. */
export interface Receiver {
  onMessage(message: unknown): void;
  /** The call is over; undefined: with OK. Told once. */
  onEnd(error: unknown): void;
}

// grpc-js ends a call at its deadline, and tells why. This is for interceptors that have not handed the
// call on by then, or have kept its end to themselves.
const interceptorGraceMs = 10;

const withoutResponse = {
  code: status.UNIMPLEMENTED,
  details: "the server sent no response",
};

/**
 * A call within what its caller, its method and the call being served allow. One that they do not allow
 * has ended once it is made, and nothing was sent.
 */
export class RunningCall implements InterceptingListener, EventListenerObject, CallOwner {
  readonly #plan: MethodPlan;
  readonly #options: CallOptions;
  readonly #receiver: Receiver;
  readonly #state: CallState;
  readonly #deadline: number;
  readonly #served: ServedCall | undefined;
  #native: ReturnType<NextCall> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #messagesReceived = 0;
  #isEnded = false;

  constructor(
    plan: MethodPlan,
    timeoutMs: number | "none",
    options: CallOptions,
    receiver: Receiver,
  ) {
    this.#plan = plan;
    this.#options = options;
    this.#receiver = receiver;
    this.#state = newCallState(options.retry === false, options.waitForReady === true, this);
    const served = currentCall();
    this.#served = plan.budget.propagateCancellation ? served : undefined;
    const now = Date.now();
    this.#deadline = callDeadline(now, timeoutMs, served, plan.budget);
    this.#state.allowedMs = this.#deadline - now;
    this.#start(now);
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get messagesReceived(): number {
    return this.#messagesReceived;
  }

  /** `callback` is called once another message may be sent; never if the call ends before. */
  send(message: unknown, callback?: () => void): void {
    const context = callback === undefined ? {} : { callback };
    this.#guarded(() => this.#native?.sendMessageWithContext(context, message));
  }

  halfClose(): void {
    this.#guarded(() => this.#native?.halfClose());
  }

  startRead(): void {
    this.#native?.startRead();
  }

  /** Cancels the call, which ends for its caller with `error`, or else with what it is cancelled with. */
  cancel(code: status, details: string, error?: unknown): void {
    this.#state.isCallers = true;
    this.#endHere(code, details, error);
  }

  onThrown(error: unknown): void {
    this.cancel(status.INTERNAL, "the call could not be made", error);
  }

  /** A signal has aborted. */
  handleEvent(): void {
    const { signal } = this.#options;
    const now = this.#state.epoch + performance.now();
    if (now >= this.#deadline) {
      this.#endHere(status.DEADLINE_EXCEEDED, "deadline exceeded");
    } else if (signal?.aborted === true) {
      this.#state.cause = signal.reason;
      this.cancel(status.CANCELLED, "cancelled by the caller");
    } else if (this.#served !== undefined && now >= this.#served.deadline - 1) {
      // Timers may be a millisecond early.
      this.cancel(status.DEADLINE_EXCEEDED, "the deadline of the call being served has passed");
    } else {
      this.cancel(status.CANCELLED, "the call being served has ended");
    }
  }

  onReceiveMetadata(headers: Metadata): void {
    const { onHeaders } = this.#options;
    if (!this.#isEnded && onHeaders !== undefined) {
      try {
        onHeaders(headers);
      } catch (error) {
        this.cancel(status.CANCELLED, "onHeaders has thrown", error);
      }
    }
  }

  onReceiveMessage(message: unknown): void {
    // grpc-js's interceptors tell of a null before a status without a message.
    if (this.#isEnded || message === null) {
      return;
    }
    const { responseStream } = this.#plan.definition;
    if (!responseStream) {
      if (this.#messagesReceived > 0) {
        this.#endHere(status.UNIMPLEMENTED, "the server sent more than one response");
        return;
      }
      // For the status, which a second response would hold up.
      this.startRead();
    }
    this.#messagesReceived += 1;
    this.#receiver.onMessage(message);
  }

  onReceiveStatus(received: StatusObject): void {
    const { responseStream } = this.#plan.definition;
    // https://github.com/grpc/grpc/blob/master/doc/statuscodes.md on response cardinality
    const isWithout =
      received.code === status.OK && !responseStream && this.#messagesReceived === 0;
    this.#finish(isWithout ? { ...received, ...withoutResponse } : received, undefined);
  }

  #start(now: number): void {
    const { nextCall, hasInterceptors } = this.#plan;
    const { signal, metadata } = this.#options;
    if (signal?.aborted === true || this.#served?.signal.aborted === true) {
      this.handleEvent();
      return;
    }
    if (this.#deadline <= now) {
      this.#endHere(status.DEADLINE_EXCEEDED, "no time was left to send the call in");
      return;
    }
    if (hasInterceptors && this.#deadline !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(
        () => this.#endHere(status.DEADLINE_EXCEEDED, "deadline exceeded in an interceptor"),
        this.#deadline - now + interceptorGraceMs,
      );
    }
    signal?.addEventListener("abort", this);
    this.#served?.signal.addEventListener("abort", this);
    this.#guarded(() => {
      this.#native = nextCall(this.#nativeOptions());
      // Interceptors may change what they are given, and the caller may use it again.
      const sent = hasInterceptors ? metadata?.clone() : metadata;
      this.#native.start(sent ?? new Metadata(), this);
    });
  }

  // What interceptors throw, and grpc-js for metadata that is none, must not leave a call half started.
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.onThrown(error);
    }
  }

  #nativeOptions(): StatefulOptions {
    const { definition } = this.#plan;
    const { credentials } = this.#options;
    const options = {
      method_definition: definition,
      deadline: this.#deadline,
      grpcKitCall: this.#state,
    };
    return credentials === undefined ? options : { ...options, credentials };
  }

  #endHere(code: status, details: string, error?: unknown): void {
    if (this.#isEnded) {
      return;
    }
    this.#state.isEndedHere = true;
    this.#finish({ code, details, metadata: new Metadata() }, error);
    tellObserver(() => this.#native?.cancelWithStatus(code, details), "an interceptor");
  }

  #finish(received: StatusObject, thrown: unknown): void {
    if (this.#isEnded) {
      return;
    }
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this);
    this.#served?.signal.removeEventListener("abort", this);
    const error = this.#tellStatus(received);
    this.#receiver.onEnd(thrown ?? error);
    // Interceptors may keep a cancellation to themselves, or end a call that still runs.
    this.#state.transport?.cancelWithStatus(received.code, received.details);
  }

  // What the caller's own function throws is not lost.
  #tellStatus({ code, details, metadata }: StatusObject): unknown {
    const { onStatus } = this.#options;
    const { attempts, isEndedHere, cause } = this.#state;
    const local = isEndedHere || attempts === 0;
    try {
      const peer = onStatus === undefined ? "" : (this.#state.peer?.getAddress() ?? "");
      onStatus?.({ code, details, metadata, attempts, local, peer });
    } catch (error) {
      return error;
    }
    const { path } = this.#plan.definition;
    return code === status.OK
      ? undefined
      : new GrpcCallError({ code, details, metadata }, { cause, local, attempts, path });
  }
}
