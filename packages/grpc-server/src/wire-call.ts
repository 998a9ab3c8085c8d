import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  status,
} from "@grpc/grpc-js";
import { StatusError, toSafeMetadata, toSafeStatus } from "@grpc-kit/grpc-status";
import type { Route } from "./route.ts";

export type CallListener = Parameters<ServerInterceptingCallInterface["start"]>[0];
export type CallStatus = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

/** What the server does about a call when something goes wrong between it and the wire. */
export interface WireOwner {
  /** A message cannot be sent; grpc-js has not seen it. */
  onSendFailure(error: unknown): void;
  /** An interceptor has thrown; what it and the others hold is lost. */
  onBroken(error: unknown): void;
  /** Metadata with these keys cannot be sent and has been left out. */
  onDropped(keys: readonly string[]): void;
}

/**
 * The end of the chain of interceptors that is next to grpc-js. It keeps from grpc-js what would make
 * it crash or hang, knows which messages have come through, and catches what interceptors throw.
 */
export class WireCall extends ServerInterceptingCall implements CallListener {
  readonly #call: ServerInterceptingCallInterface;
  readonly #route: Route;
  readonly #maxBytes: number;
  #owner: WireOwner | undefined;
  #listener: CallListener | undefined;
  /** How many messages have come through to grpc-js or have failed to. */
  settled = 0;
  /** The size of the latest message that came through. */
  latestBytes = 0;

  /** `maxBytes` is how large a message may be; -1 is any size. */
  constructor(call: ServerInterceptingCallInterface, route: Route, maxBytes: number) {
    super(call);
    this.#call = call;
    this.#route = route;
    this.#maxBytes = maxBytes;
  }

  /** Says who is told of failures. Before that there are none. */
  own(owner: WireOwner): void {
    this.#owner = owner;
  }

  override start(listener: CallListener): void {
    this.#listener = listener;
    this.#call.start(this);
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
    this.#route.handOver.bytes = bytes;
    try {
      this.#call.sendMessage(message, callback);
    } finally {
      this.#route.handOver.bytes = undefined;
    }
  }

  override sendStatus(sent: CallStatus): void {
    const safe = toSafeStatus(sent.code, sent.details, sent.metadata);
    const { code, details, metadata = null, dropped = [] } = safe;
    this.#call.sendStatus({ code, details, metadata });
    this.#tellDropped(dropped);
  }

  onReceiveMetadata(metadata: Metadata): void {
    try {
      this.#listener?.onReceiveMetadata(metadata);
    } catch (error) {
      this.#owner?.onBroken(error);
    }
  }

  onReceiveMessage(message: unknown): void {
    try {
      this.#listener?.onReceiveMessage(message);
    } catch (error) {
      this.#owner?.onBroken(error);
    }
  }

  onReceiveHalfClose(): void {
    try {
      this.#listener?.onReceiveHalfClose();
    } catch (error) {
      this.#owner?.onBroken(error);
    }
  }

  onCancel(): void {
    try {
      this.#listener?.onCancel();
    } catch (error) {
      this.#owner?.onBroken(error);
    }
  }

  // grpc-js would end a call for either fault by itself, but not so that its caller sees the status
  // once messages are under way, and without a word of the cause.
  #serialize(message: unknown): Buffer | undefined {
    try {
      const bytes = this.#route.serialize(message);
      if (this.#maxBytes === -1 || bytes.byteLength <= this.#maxBytes) {
        return bytes;
      }
      const text = `a message must not be larger than ${this.#maxBytes} bytes, got ${bytes.byteLength}`;
      this.#owner?.onSendFailure(new StatusError(status.RESOURCE_EXHAUSTED, text));
    } catch (error) {
      this.#owner?.onSendFailure(error);
    }
    return undefined;
  }

  #tellDropped(keys: readonly string[]): void {
    if (keys.length > 0) {
      this.#owner?.onDropped(keys);
    }
  }
}
