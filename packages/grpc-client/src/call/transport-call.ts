import {
  type experimental,
  type InterceptingListener,
  Metadata,
  type NextCall,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import type { Connection, OpenCall } from "../channel/call-source.ts";
import { previousAttemptsKey, WatchedMetadata } from "../retry/attempt-watcher.ts";
import { type AttemptedCall, Attempts } from "./attempts.ts";
import {
  type CallOwner,
  type CallState,
  newCallState,
  type StatefulOptions,
} from "./call-state.ts";
import { checkMetadata } from "./check-metadata.ts";
import { CircuitPass } from "./circuit-pass.ts";
import { explained, isOwnDeadline, isUnsent } from "./grpc-js-statuses.ts";
import type { MethodPlan } from "./method-plan.ts";

type NativeCall = ReturnType<NextCall>;
type Listener = Partial<InterceptingListener>;
type TransportPlan = Omit<MethodPlan, "nextCall">;

/** The end of a chain of interceptors: calls on the channel of a plan. */
export function transport(plan: TransportPlan): NextCall {
  return (options) => new TransportCall(plan, options);
}

/**
 * A call on a channel: serialises, watches its attempts, and sees to it that statuses mean what they
 * say. It stands where grpc-js's `Client` would, without what that needs for Node.js streams.
 */
class TransportCall
  implements NativeCall, InterceptingListener, OpenCall, AttemptedCall, CallOwner
{
  readonly #plan: TransportPlan;
  readonly #options: StatefulOptions;
  readonly #state: CallState;
  readonly #deadline: number;
  readonly #pass: CircuitPass;
  #connection: Connection | undefined;
  #call: experimental.CallStream | undefined;
  #listener: Listener = {};
  #isReadPending = false;
  #hasHeaders = false;
  #isEnded = false;
  #status: StatusObject | undefined;

  constructor(plan: TransportPlan, options: StatefulOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#state = options.grpcKitCall ?? newCallState(false, false, this);
    this.#deadline = Number(options.deadline ?? Number.POSITIVE_INFINITY);
    this.#pass = new CircuitPass(plan, this.#state);
  }

  get waitForReady(): boolean {
    return this.#state.waitForReady;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  start(metadata: Metadata, listener: Listener = {}): void {
    this.#listener = listener;
    if (this.#isEnded) {
      // Cancelled while an interceptor was still about to start it.
      this.#tellStatus();
    } else {
      // Also by interceptors that start it later, whose stack is not the caller's.
      this.#guarded(() => this.#start(metadata));
    }
  }

  #start(metadata: Metadata): void {
    this.#state.transport = this;
    if (this.#state.owner.isEnded) {
      this.cancelWithStatus(status.CANCELLED, "the call has ended before it was sent");
      return;
    }
    const { definition, source } = this.#plan;
    const { host = null, credentials } = this.#options;
    if (credentials !== undefined && !source.takesCredentials) {
      throw new TypeError(
        `credentials must not be sent without TLS, and the channel to ${source.target} has none`,
      );
    }
    checkMetadata(metadata);
    if (!this.#pass.enter()) {
      this.#abandon(this.#plan.refusal());
      return;
    }
    const connection = source.open(this);
    if (connection === undefined) {
      this.#state.isCallers = true;
      this.cancelWithStatus(status.UNAVAILABLE, `the channel to ${source.target} is closed`);
      return;
    }
    this.#connection = connection;
    const call = connection.channel.createCall(definition.path, this.#deadline, host, null, null);
    this.#call = call;
    if (credentials !== undefined) {
      call.setCredentials(credentials);
    }
    const options = this.#state.waitForReady ? { waitForReady: true } : metadata.getOptions();
    const attempts = new Attempts(this.#plan, this.#state, this);
    const watched = new WatchedMetadata(metadata, attempts, options);
    // Of another call, if the caller hands on what it was called with.
    watched.remove(previousAttemptsKey);
    watched.remove("grpc-timeout");
    call.start(watched, this);
    if (this.#isReadPending) {
      call.startRead();
    }
  }

  sendMessage(message: unknown): void {
    this.sendMessageWithContext({}, message);
  }

  sendMessageWithContext(
    context: Parameters<NativeCall["sendMessageWithContext"]>[0],
    message: unknown,
  ): void {
    if (this.#isEnded) {
      return;
    }
    let bytes: Buffer;
    try {
      bytes = this.#plan.definition.requestSerialize(message);
    } catch (error) {
      this.#state.isCallers = true;
      this.#fail("the request cannot be serialised", error);
      return;
    }
    this.#call?.sendMessageWithContext(context, bytes);
  }

  startRead(): void {
    if (this.#call === undefined) {
      // Interceptors that start the call later do not hold this up.
      this.#isReadPending = true;
    } else if (!this.#isEnded) {
      this.#call.startRead();
    }
  }

  halfClose(): void {
    if (!this.#isEnded) {
      this.#call?.halfClose();
    }
  }

  getPeer(): string {
    return this.#state.peer?.getAddress() ?? "";
  }

  getAuthContext(): ReturnType<NativeCall["getAuthContext"]> {
    return this.#call?.getAuthContext() ?? null;
  }

  cancelWithStatus(code: status, details: string, isCallers = false): void {
    if (this.#isEnded) {
      return;
    }
    this.#state.isCallers ||= isCallers;
    this.#state.isEndedHere = true;
    this.#abandon({ code, details, metadata: new Metadata() });
  }

  onReceiveMetadata(headers: Metadata): void {
    this.#hasHeaders = true;
    if (this.#plan.definition.responseStream) {
      // How it ends may be long from now, and another matter.
      this.#pass.leave(status.OK);
    }
    if (!this.#isEnded) {
      this.#guarded(() => this.#listener.onReceiveMetadata?.(headers));
    }
  }

  onReceiveMessage(bytes: Buffer): void {
    if (this.#isEnded) {
      return;
    }
    let message: unknown;
    try {
      message = this.#plan.definition.responseDeserialize(bytes);
    } catch (error) {
      this.#fail("the response cannot be read", error);
      return;
    }
    this.#guarded(() => this.#listener.onReceiveMessage?.(message));
  }

  onReceiveStatus(received: StatusObject): void {
    if (this.#isEnded) {
      return;
    }
    this.#isEnded = true;
    this.#connection?.end(this);
    const ended = this.explain(received);
    if (isUnsent(received)) {
      this.#state.isCallers = true;
      this.#state.isEndedHere = true;
    }
    this.#pass.leave(ended.code);
    this.#guarded(() => this.#listener.onReceiveStatus?.(ended));
  }

  /** For interceptors that do not hand on whose call it is. */
  onThrown(error: unknown): void {
    this.#fail("the call could not be made", error);
  }

  onLastAttempt(ended: StatusObject): void {
    // What has come before it may still be on its way through grpc-js.
    if (!this.#hasHeaders) {
      this.#abandon(ended);
    }
  }

  get leftMs(): number {
    return this.#deadline - this.#state.epoch - performance.now();
  }

  explain(received: StatusObject): StatusObject {
    if (isOwnDeadline(received)) {
      this.#state.isEndedHere = true;
    }
    return explained(received, this.leftMs);
  }

  // What interceptors throw here would end the process, or be lost in a promise of grpc-js.
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#state.owner.onThrown(error);
    }
  }

  #fail(what: string, error: unknown): void {
    this.#state.cause = error;
    this.cancelWithStatus(status.INTERNAL, `${what}: ${String(error)}`);
  }

  /** Ends the call with a status that grpc-js does not know of. */
  #abandon(ended: StatusObject): void {
    this.#isEnded = true;
    this.#status = ended;
    this.#pass.leave(ended.code);
    this.#connection?.end(this);
    const call = this.#call;
    if (call !== undefined) {
      // Later: grpc-js sends a call all the same that is cancelled in the turn in which it was made, but
      // for what `maySend` keeps from being sent.
      setImmediate(() => call.cancelWithStatus(status.CANCELLED, ended.details));
    }
    this.#tellStatus();
  }

  // Later, as grpc-js has it: whoever starts a call may not be ready for its end.
  #tellStatus(): void {
    process.nextTick(() => {
      if (this.#status !== undefined && this.#listener.onReceiveStatus !== undefined) {
        const received = this.#status;
        this.#status = undefined;
        this.#guarded(() => this.#listener.onReceiveStatus?.(received));
      }
    });
  }
}
