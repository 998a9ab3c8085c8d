import {
  type experimental,
  type InterceptingListener,
  Metadata,
  type NextCall,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { retryPushbackMs } from "@grpc-kit/grpc-status";
import type { Connection, OpenCall } from "../channel/call-source.ts";
import { type AttemptWatcher, type Peer, WatchedMetadata } from "../retry/attempt-watcher.ts";
import { type CallState, newCallState, type StatefulOptions } from "./call-state.ts";
import { isConnectionReset, isOwnDeadline } from "./grpc-js-statuses.ts";
import type { MethodPlan } from "./method-plan.ts";
import { tellObserver } from "./tell-observer.ts";

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
class TransportCall implements NativeCall, InterceptingListener, OpenCall, AttemptWatcher {
  readonly #plan: TransportPlan;
  readonly #options: StatefulOptions;
  readonly #state: CallState;
  readonly #deadline: number;
  #connection: Connection | undefined;
  #call: experimental.CallStream | undefined;
  #listener: Listener = {};
  #hasHeaders = false;
  #isEnded = false;
  #status: StatusObject | undefined;

  constructor(plan: TransportPlan, options: StatefulOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#state = options.grpcKitCall ?? newCallState(false, false);
    this.#deadline = Number(options.deadline ?? Number.POSITIVE_INFINITY);
  }

  get isSingle(): boolean {
    return this.#state.isSingle;
  }

  get waitForReady(): boolean {
    return this.#state.waitForReady;
  }

  get attempts(): number {
    return this.#state.attempts;
  }

  start(metadata: Metadata, listener: Listener = {}): void {
    this.#listener = listener;
    if (this.#isEnded) {
      // Cancelled while an interceptor was still about to start it.
      this.#tellStatus();
      return;
    }
    const { definition, source } = this.#plan;
    const { host = null, credentials } = this.#options;
    if (credentials !== undefined && !source.isSecure) {
      throw new TypeError(
        `credentials must not be sent without TLS, and the channel to ${source.target} has none`,
      );
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
    call.start(new WatchedMetadata(metadata, this, options), this);
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
    if (!this.#isEnded) {
      this.#call?.startRead();
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

  cancelWithStatus(code: status, details: string): void {
    if (this.#isEnded) {
      return;
    }
    this.#state.isEndedHere = true;
    this.#abandon({ code, details, metadata: new Metadata() });
  }

  onReceiveMetadata(headers: Metadata): void {
    this.#hasHeaders = true;
    if (!this.#isEnded) {
      this.#listener.onReceiveMetadata?.(headers);
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
    this.#listener.onReceiveMessage?.(message);
  }

  onReceiveStatus(received: StatusObject): void {
    if (this.#isEnded) {
      return;
    }
    this.#isEnded = true;
    this.#connection?.end(this);
    this.#listener.onReceiveStatus?.(this.#explained(received));
  }

  onAttemptStarted(peer: Peer): void {
    this.#state.attempts += 1;
    this.#state.peer = peer;
  }

  onAttemptEnded(code: status, details: string, trailers: Metadata): void {
    if (code === status.OK || this.#isEnded) {
      return;
    }
    const { source, definition, observer } = this.#plan;
    if (observer.onAttemptFailed !== undefined) {
      const { attempts: attempt } = this.#state;
      const failure = { target: source.target, path: definition.path, attempt, code, details };
      tellObserver(() => observer.onAttemptFailed?.(failure));
    }
    if (!this.#hasHeaders && !this.#mayFollow(code, details, trailers)) {
      this.#abandon(this.#explained({ code, details, metadata: trailers }));
    }
  }

  // Whether grpc-js is right if it makes another attempt.
  #mayFollow(code: status, details: string, trailers: Metadata): boolean {
    if (this.#state.isSingle) {
      return false;
    }
    if (code === status.INTERNAL && !this.#plan.retriesInternal && !isConnectionReset(details)) {
      return false;
    }
    // What it cannot read it takes for 1 ms, and it waits past the deadline.
    const pushbackMs = retryPushbackMs(trailers);
    return pushbackMs === undefined || Date.now() + pushbackMs < this.#deadline;
  }

  #explained(received: StatusObject): StatusObject {
    const { code, details } = received;
    if (code === status.INTERNAL && isConnectionReset(details)) {
      return { ...received, code: status.UNAVAILABLE, details: `connection lost: ${details}` };
    }
    if (code === status.CANCELLED && Date.now() >= this.#deadline) {
      // A server that gives up a moment before this client: the time was over all the same.
      return { ...received, code: status.DEADLINE_EXCEEDED, details: "deadline exceeded" };
    }
    if (isOwnDeadline(received)) {
      this.#state.isEndedHere = true;
    }
    return received;
  }

  #fail(what: string, error: unknown): void {
    this.#state.cause = error;
    this.cancelWithStatus(status.INTERNAL, `${what}: ${String(error)}`);
  }

  /** Ends the call with a status that grpc-js does not know of. */
  #abandon(ended: StatusObject): void {
    this.#isEnded = true;
    this.#status = ended;
    this.#connection?.end(this);
    const call = this.#call;
    if (call !== undefined) {
      // Later: grpc-js sends a call all the same that is cancelled in the turn in which it was made.
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
        this.#listener.onReceiveStatus(received);
      }
    });
  }
}
