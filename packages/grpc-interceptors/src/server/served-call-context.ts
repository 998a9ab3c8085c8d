import { type Metadata, status } from "@grpc/grpc-js";
import {
  type CallValues,
  type ContextKey,
  runInCall,
  type ServedCall,
} from "@grpc-kit/grpc-context";
import { StatusError, statusCodeInfo } from "@grpc-kit/grpc-status";
import type { CallHook, CallOutcome, CallStatus, InterceptedCall } from "./call-hook.ts";

/** A call as `currentCall()` has it, and the hook that makes it current. */
export class ServedCallContext implements ServedCall, CallHook {
  readonly metadata: Metadata;
  readonly #call: InterceptedCall;
  readonly #values: CallValues;
  readonly #finish: (sent: CallStatus) => CallStatus;
  #controller: AbortController | undefined;
  /** With what the call failed. */
  #failure: status | undefined;

  /** `finish` has the last word on each status that is sent. */
  constructor(call: InterceptedCall, finish: (sent: CallStatus) => CallStatus) {
    this.#call = call;
    this.#finish = finish;
    this.metadata = call.metadata;
    this.#values = call.values;
  }

  get path(): string {
    return this.#call.method.path;
  }

  get deadline(): number {
    return this.#call.deadline;
  }

  // Most handlers never ask, and a controller with its reason costs more than all the rest.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    this.#abortIfFailed();
    return this.#controller.signal;
  }

  get<Value>(key: ContextKey<Value>): Value | undefined {
    return this.#values.get(key);
  }

  set<Value>(key: ContextKey<Value>, value: Value): void {
    this.#values.set(key, value);
  }

  run(work: () => void): void {
    runInCall(this, work);
  }

  onSendStatus(sent: CallStatus): CallStatus {
    if (sent.code !== status.OK) {
      this.#failure = sent.code;
      if (this.#controller !== undefined) {
        // Who listens may answer at once, which must not come before this status.
        queueMicrotask(() => this.#abortIfFailed());
      }
    }
    return this.#finish(sent);
  }

  onEnd({ code, cancelledBy }: CallOutcome): void {
    if (cancelledBy !== undefined) {
      this.#failure = code;
      this.#abortIfFailed();
    }
  }

  #abortIfFailed(): void {
    const [code, controller] = [this.#failure, this.#controller];
    if (code !== undefined && controller?.signal.aborted === false) {
      const reason = new StatusError(code, statusCodeInfo(code).text);
      runInCall(this, () => controller.abort(reason));
    }
  }
}
