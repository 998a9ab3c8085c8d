import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  status,
} from "@grpc/grpc-js";
import { StatusError, toSafeMetadata, toSafeStatus } from "@grpc-kit/grpc-status";
import { CallGate, type GateOwner, type Gates } from "./call-gate.ts";
import type { CallRefusal, CallRefusals } from "./call-refusals.ts";
import { maxTimerMs } from "./check-option.ts";
import type { OpenStream } from "./open-stream.ts";
import { peerOf } from "./peer-of.ts";
import { isCompressed, RequestFrames } from "./request-frames.ts";
import type { Route } from "./route.ts";
import type { RunningCall, RunningCalls } from "./running-calls.ts";
import type { Refusal, Refusals } from "./server-events.ts";
import { shareTraffic } from "./stream-traffic.ts";
import type { WireOwner } from "./wire-owner.ts";

export type CallListener = Parameters<ServerInterceptingCallInterface["start"]>[0];
export type CallStatus = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

/** What is the same for all calls of a server. */
export interface WireRules extends Gates {
  readonly refusals: CallRefusals;
  readonly counters: Refusals;
  readonly calls: RunningCalls<WireCall>;
  /** -1 is any size. */
  readonly maxSendMessageBytes: number;
  readonly streamIdleTimeoutMs: number;
}

/**
 * The end of the chain of interceptors that is next to grpc-js. It decides whether the call may run,
 * keeps its deadline, keeps from grpc-js what would make it crash or hang, knows which messages have
 * come through, and catches what interceptors throw.
 */
export class WireCall
  extends ServerInterceptingCall
  implements CallListener, GateOwner, RunningCall
{
  readonly open: OpenStream;
  readonly route: Route;
  /** Epoch milliseconds; Infinity if there is none. The caller's, or the server's if that is nearer. */
  readonly deadline: number;
  dueAt: number = Number.POSITIVE_INFINITY;
  readonly #call: ServerInterceptingCallInterface;
  readonly #rules: WireRules;
  readonly #gate: CallGate;
  readonly #frames: RequestFrames;
  #owner: WireOwner | undefined;
  #listener: CallListener | undefined;
  #metadata: Metadata | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #isEnded = false;
  /** How many messages have come through to grpc-js or have failed to. */
  settled = 0;
  /** The size of the latest message that came through. */
  latestBytes = 0;

  constructor(
    call: ServerInterceptingCallInterface,
    route: Route,
    open: OpenStream,
    rules: WireRules,
  ) {
    super(call);
    this.#call = call;
    this.route = route;
    this.open = open;
    this.#rules = rules;
    const callersDeadline = Number(call.getDeadline());
    const { defaultMs, maxMs } = route.deadline;
    const ownMs = callersDeadline === Number.POSITIVE_INFINITY ? defaultMs : maxMs;
    this.deadline = Math.min(callersDeadline, Date.now() + ownMs);
    this.#frames = new RequestFrames(isCompressed(open.headers["grpc-encoding"]));
    this.#gate = new CallGate(route, open, rules, this.deadline, this);
  }

  /** Whether a status has been sent, or nobody waits for one any more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Says who is told of failures. Before that there are none. */
  own(owner: WireOwner): void {
    this.#owner = owner;
  }

  override start(listener: CallListener): void {
    this.#listener = listener;
    // Both run beside those of grpc-js, which has paused the stream until a message is asked for.
    this.open.stream.on("data", (chunk: Buffer) => this.#check(chunk));
    this.#call.start(this);
  }

  onAdmitted(): void {
    const { route } = this;
    if (route.responseStream && !route.requestStream) {
      this.dueAt = Math.min(this.deadline, Date.now() + route.deadline.requestMs);
    } else if (route.responseStream || this.deadline < Number(this.#call.getDeadline())) {
      // grpc-js watches its caller's deadline, but once messages are under way it tells of it only
      // when the caller has read them all.
      this.dueAt = this.deadline;
    }
    this.#rules.calls.add(this);
    const { streamIdleTimeoutMs } = this.#rules;
    if (streamIdleTimeoutMs <= maxTimerMs && (route.requestStream || route.responseStream)) {
      this.#idleTimer = setTimeout(() => {
        this.#count("stream_idle");
        this.cut(new StatusError(status.DEADLINE_EXCEEDED, "no message for too long"));
      }, streamIdleTimeoutMs);
    }
    shareTraffic(this.open, this.#metadata as Metadata);
    try {
      this.#listener?.onReceiveMetadata(this.#metadata as Metadata);
    } catch (error) {
      this.#owner?.onBroken(error);
    }
  }

  onRefused(refusal: CallRefusal): void {
    this.#count(refusal);
    if (!this.#isEnded) {
      this.#end();
      const { code, details, metadata = null } = this.#rules.refusals.statusOf(refusal, this.route);
      this.#call.sendStatus({ code, details, metadata });
    }
  }

  onDue(): void {
    this.cut(new StatusError(status.DEADLINE_EXCEEDED, "deadline exceeded"));
  }

  /** Ends the call now. */
  cut(reason: StatusError): void {
    this.#owner?.onCut(reason);
  }

  /** The request has come and the handler runs. */
  handlerStarted(): void {
    this.#gate.handlerStarted();
    if (this.route.responseStream && !this.route.requestStream) {
      this.dueAt = this.deadline;
      this.#rules.calls.watch(this.deadline);
    }
  }

  /** Nothing of the handler runs any more. */
  handlerSettled(): void {
    this.#gate.handlerSettled();
  }

  override sendMetadata(metadata: Metadata): void {
    const safe = toSafeMetadata(metadata);
    this.#call.sendMetadata(safe.metadata);
    this.#tellDropped(safe.dropped);
  }

  override sendMessage(message: unknown, callback: () => void): void {
    const bytes = this.#serialize(message);
    this.settled += 1;
    if (bytes === undefined) {
      return;
    }
    this.latestBytes = bytes.byteLength;
    this.open.messagesSent += 1;
    this.open.bytesSent += bytes.byteLength;
    // Its WINDOW_UPDATEs, at most one for each frame.
    this.open.connection.explainedBytes += 100 + bytes.byteLength / 16;
    this.#idleTimer?.refresh();
    this.route.handOver.bytes = bytes;
    try {
      this.#call.sendMessage(message, callback);
    } finally {
      this.route.handOver.bytes = undefined;
    }
  }

  override sendStatus(sent: CallStatus): void {
    if (this.#isEnded) {
      return;
    }
    this.#end();
    const safe = toSafeStatus(sent.code, sent.details, sent.metadata);
    const { code, details, metadata = null, dropped = [] } = safe;
    this.#call.sendStatus({ code, details, metadata });
    this.#tellDropped(dropped);
    // An interceptor may have sent it, and grpc-js waits for the caller to read before it tells.
    this.#owner?.onCancel();
  }

  onReceiveMetadata(metadata: Metadata): void {
    // An interceptor may have ended the call already.
    if (!this.#isEnded) {
      this.#metadata = metadata;
      this.#gate.enter();
    }
  }

  onReceiveMessage(message: unknown): void {
    this.open.messagesReceived += 1;
    this.#idleTimer?.refresh();
    try {
      this.#listener?.onReceiveMessage(message);
    } catch (error) {
      this.#owner?.onBroken(error);
    }
  }

  onReceiveHalfClose(): void {
    if (this.#frames.isMidMessage) {
      void this.#breakOff();
      return;
    }
    try {
      this.#listener?.onReceiveHalfClose();
    } catch (error) {
      this.#owner?.onBroken(error);
    }
  }

  onCancel(): void {
    this.#end();
    try {
      this.#listener?.onCancel();
    } catch (error) {
      this.#owner?.onBroken(error);
    }
    // Its stream, and so this object, stays in memory for longer: see `forgetListeners`.
    this.#listener = undefined;
    this.#owner = undefined;
    this.#metadata = undefined;
  }

  // grpc-js would end a call for either fault by itself, but not so that its caller sees the status
  // once messages are under way, and without a word of the cause.
  #serialize(message: unknown): Buffer | undefined {
    try {
      const bytes = this.route.serialize(message);
      const { maxSendMessageBytes } = this.#rules;
      if (maxSendMessageBytes === -1 || bytes.byteLength <= maxSendMessageBytes) {
        return bytes;
      }
      const text = `a message must not be larger than ${maxSendMessageBytes} bytes, got ${bytes.byteLength}`;
      this.#owner?.onSendFailure(new StatusError(status.RESOURCE_EXHAUSTED, text));
    } catch (error) {
      this.#owner?.onSendFailure(error);
    }
    return undefined;
  }

  #check(chunk: Buffer): void {
    if (!this.#isEnded && !this.#frames.push(chunk)) {
      this.cut(new StatusError(status.INTERNAL, "received a message with a wrong flag"));
    }
    this.open.bytesReceived = this.#frames.messageBytes;
    // With the heads of its frames, and small change.
    this.open.connection.explainedBytes += chunk.length + 64;
  }

  // A caller that cancels half-closes too, and resets the stream right after: see RequestStream.
  async #breakOff(): Promise<void> {
    await this.open.connection.roundTrip();
    setImmediate(() => {
      if (!this.#isEnded) {
        this.cut(new StatusError(status.INTERNAL, "received a message that breaks off"));
      }
    });
  }

  #end(): void {
    if (!this.#isEnded) {
      this.#isEnded = true;
      this.open.isEnded = true;
      clearTimeout(this.#idleTimer);
      this.#rules.calls.delete(this);
      this.#gate.callEnded();
    }
  }

  #count(refusal: Refusal): void {
    this.#rules.counters.add(refusal, peerOf(this.#call.getConnectionInfo()));
  }

  #tellDropped(keys: readonly string[]): void {
    if (keys.length > 0) {
      this.#owner?.onDropped(keys);
    }
  }
}
