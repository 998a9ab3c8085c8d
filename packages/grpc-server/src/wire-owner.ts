import type { StatusError } from "@grpc-kit/grpc-status";

/** What the server does about a call when something goes wrong between it and the wire. */
export interface WireOwner {
  /** A message cannot be sent; grpc-js has not seen it. */
  onSendFailure(error: unknown): void;
  /** An interceptor has thrown; what it and the others hold is lost. */
  onBroken(error: unknown): void;
  /** Metadata with these keys cannot be sent and has been left out. */
  onDropped(keys: readonly string[]): void;
  /** The call must end now, with this as its status. */
  onCut(reason: StatusError): void;
  /** The call has ended. */
  onCancel(): void;
}
