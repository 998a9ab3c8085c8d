import { AsyncResource } from "node:async_hooks";
import {
  type Deadline,
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  status,
} from "@grpc/grpc-js";
import { type CallValues, callValues, trafficKey } from "@grpc-kit/grpc-context";
import { errorToStatus, type WireStatus } from "@grpc-kit/grpc-status";
import type { Method } from "../method.ts";
import { reportToStderr } from "../report.ts";
import { isThenable } from "../thenable.ts";
import type {
  CallHook,
  CallOutcome,
  CallStatus,
  InterceptedCall,
  ServerHook,
} from "./call-hook.ts";
import { toOutcome } from "./call-outcome.ts";
import { EnteredHooks } from "./entered-hooks.ts";
import { logHiddenFailure } from "./hidden-failure.ts";
import { peerOf } from "./peer-of.ts";

type CallListener = Parameters<ServerInterceptingCallInterface["start"]>[0];
type SentStatus = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

// What `AsyncLocalStorage.snapshot` does as well, at several times the price.
const scopeOptions = { requireManualDestroy: true };

// How long a caller may take to read what was on its way to it when its call was ended.
const stallMs = 1_000;

/** One call on its way through hooks: listens to grpc-js, and is the call for what is inside. */
export class HookedCall extends ServerInterceptingCall implements CallListener, InterceptedCall {
  readonly method: Method;
  readonly wire: ServerInterceptingCallInterface;
  readonly startedAt: number = performance.now();
  deadline: number;
  readonly #hooks: readonly ServerHook[];
  readonly #entered: EnteredHooks;
  /** Runs what is further inside where the hooks run it. Undefined: anywhere. */
  #scope: AsyncResource | undefined;
  #isScoped = false;
  #stallTimer: NodeJS.Timeout | undefined;
  #listener: CallListener | undefined;
  #metadata: Metadata | undefined;
  #status: CallStatus | undefined;
  #error: unknown;
  #outcome: CallOutcome | undefined;
  #messagesReceived = 0;
  #messagesSent = 0;

  constructor(call: ServerInterceptingCallInterface, method: Method, hooks: readonly ServerHook[]) {
    super(call);
    this.wire = call;
    this.method = method;
    this.#hooks = hooks;
    this.#entered = new EnteredHooks(method);
    this.deadline = Number(call.getDeadline());
  }

  get metadata(): Metadata {
    return this.#metadata as Metadata;
  }

  get values(): CallValues {
    return callValues(this.metadata);
  }

  // Not getPeer: once the stream has closed it knows of none.
  get peer(): string {
    return peerOf(this.wire.getConnectionInfo());
  }

  // An interceptor may have brought it nearer.
  override getDeadline(): Deadline {
    return this.deadline;
  }

  override start(listener: CallListener): void {
    this.#listener = listener;
    this.wire.start(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#metadata = metadata;
    this.deadline = Number(this.wire.getDeadline());
    this.#enterFrom(0);
  }

  onReceiveMessage(message: unknown): void {
    if (!this.#isOver) {
      this.#messagesReceived += 1;
      this.#inside(this.#tellMessage, message);
    }
  }

  onReceiveHalfClose(): void {
    if (!this.#isOver) {
      this.#inside(this.#tellHalfClose, undefined);
    }
  }

  // grpc-js calls this at the end of every call, once its stream has closed.
  onCancel(): void {
    if (this.#outcome === undefined) {
      clearTimeout(this.#stallTimer);
      this.#outcome = toOutcome({
        startedAt: this.startedAt,
        deadline: this.deadline,
        status: this.#status,
        error: this.#error,
        messagesReceived: this.#messagesReceived,
        messagesSent: this.#messagesSent,
        traffic: this.#metadata === undefined ? undefined : this.values.get(trafficKey),
      });
      this.#inside(this.#tellEnd, this.#outcome);
      // The metadata, and so this object, stays in memory for longer than the call: node:http2 keeps the
      // stream. The garbage collector would have to move all that hangs on it.
      this.#entered.clear();
      this.#listener = undefined;
      this.#scope = undefined;
    }
  }

  override sendMetadata(metadata: Metadata): void {
    if (!this.#isOver) {
      this.wire.sendMetadata(metadata);
    }
  }

  override sendMessage(message: unknown, callback: () => void): void {
    if (this.#isOver) {
      return;
    }
    this.#messagesSent += 1;
    this.#entered.send(message);
    this.wire.sendMessage(message, callback);
  }

  override sendStatus({ code = status.UNKNOWN, details = "", metadata = null }: SentStatus): void {
    if (this.#isOver) {
      // One further inside tells it twice.
      this.#freeIfStalled();
      return;
    }
    // What a handler fails with may have a `metadata` that is none of grpc-js's.
    const safe = isMetadata(metadata) ? metadata : null;
    const sent = this.#entered.finish({ code, details, metadata: safe });
    this.#status = sent;
    this.wire.sendStatus(sent);
  }

  fail(error: unknown): void {
    if (this.#isOver) {
      return;
    }
    this.#error = error;
    this.#attempt(() => this.sendStatus({ metadata: null, ...this.#statusOf(error) }));
    this.#freeIfStalled();
  }

  // What throws is further outside, and there is nobody here who could do more.
  #attempt(send: () => void): void {
    try {
      send();
    } catch (error) {
      reportToStderr(`the status of ${this.method.path} could not be sent`, error);
    }
  }

  // The status waits behind what the caller does not read. Told twice, grpc-js lets go of the stream, as
  // it does when a deadline passes of which it knows.
  #freeIfStalled(): void {
    const sent = this.#status;
    if (sent !== undefined && this.#outcome === undefined && this.#messagesSent > 0) {
      const again = (): void => this.#attempt(() => this.wire.sendStatus(sent));
      this.#stallTimer ??= setTimeout(again, stallMs);
      this.#stallTimer.unref();
    }
  }

  /** Whether a status has been sent, or nobody waits for one any more. */
  get #isOver(): boolean {
    return this.#status !== undefined || this.#outcome !== undefined;
  }

  #enterFrom(first: number): void {
    for (let index = first; index < this.#hooks.length; index += 1) {
      try {
        const entered = (this.#hooks[index] as ServerHook)(this);
        if (isThenable(entered)) {
          void this.#enterLater(entered, index + 1);
          return;
        }
        if (entered !== undefined && !this.#enter(entered, index + 1)) {
          return;
        }
      } catch (error) {
        this.fail(error);
      }
      if (this.#isOver) {
        return;
      }
    }
    if (this.#isScoped) {
      this.#scope = new AsyncResource("grpc-kit.call", scopeOptions);
    }
    this.#inside(this.#tellMetadata, this.metadata);
  }

  async #enterLater(entering: PromiseLike<CallHook | undefined>, next: number): Promise<void> {
    try {
      const entered = await entering;
      if (this.#outcome !== undefined) {
        this.#entered.endOne(entered, this.#outcome);
        return;
      }
      if ((entered === undefined || this.#enter(entered, next)) && !this.#isOver) {
        this.#enterFrom(next);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /** Whether to go on from here: a hook that runs what is further inside has done so already. */
  #enter(entered: CallHook, next: number): boolean {
    this.#entered.add(entered);
    if (entered.run === undefined) {
      return true;
    }
    this.#isScoped = true;
    entered.run(() => this.#enterFrom(next));
    return false;
  }

  /** Runs it where the hooks want what is further inside to run. */
  #inside<Value>(tell: (value: Value) => void, value: Value): void {
    try {
      if (this.#scope === undefined) {
        tell.call(this, value);
      } else {
        this.#scope.runInAsyncScope(tell, this, value);
      }
    } catch (error) {
      // A throw of what is inside must not skip what is outside: the hooks see it as a status.
      this.fail(error);
    }
  }

  #tellMetadata(metadata: Metadata): void {
    this.#listener?.onReceiveMetadata(metadata);
  }

  #tellMessage(message: unknown): void {
    this.#entered.receive(message);
    if (!this.#isOver) {
      this.#listener?.onReceiveMessage(message);
    }
  }

  #tellHalfClose(): void {
    this.#listener?.onReceiveHalfClose();
  }

  #tellEnd(outcome: CallOutcome): void {
    try {
      this.#listener?.onCancel();
    } catch (error) {
      reportToStderr(`${this.method.path} has thrown when it was cancelled`, error);
    }
    this.#entered.end(outcome);
  }

  #statusOf(error: unknown): WireStatus {
    const known = this.#entered.statusOf(error);
    if (known !== undefined) {
      return known;
    }
    const answer = errorToStatus(error, { domain: this.method.service });
    if (answer.errorId !== undefined) {
      logHiddenFailure({ error, errorId: answer.errorId, call: this });
    }
    return answer;
  }
}

function isMetadata(value: Metadata | null): value is Metadata {
  return typeof value?.clone === "function";
}
