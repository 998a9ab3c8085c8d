import type {
  Metadata,
  ServerInterceptingCallInterface,
  StatusObject,
  status,
} from "@grpc/grpc-js";
import type { CallValues } from "@grpc-kit/grpc-context";
import type { WireStatus } from "@grpc-kit/grpc-status";
import type { Method } from "../method.ts";

/** A call, as the interceptors of this package see it. */
export interface InterceptedCall {
  readonly method: Method;
  /** What the caller sent with the call. */
  readonly metadata: Metadata;
  /** What interceptors and handlers keep about the call: grpc-context's `callValues(metadata)`. */
  readonly values: CallValues;
  /** The caller's address: "127.0.0.1:50812", or "unknown". */
  readonly peer: string;
  /** When the call came, as `performance.now()` has it. */
  readonly startedAt: number;
  /** Epoch milliseconds; Infinity if there is none. An interceptor may bring it nearer. */
  deadline: number;
  /** The call on its way to grpc-js: for its host and the certificate of its peer. */
  readonly wire: Pick<ServerInterceptingCallInterface, "getHost" | "getAuthContext">;
  /** Ends the call with what this error says. Once the call has ended it does nothing. */
  fail(error: unknown): void;
}

/** A status on its way to the caller. What it has is not to be changed: make another. */
export interface CallStatus extends Omit<StatusObject, "metadata"> {
  readonly metadata: Metadata | null;
}

/** How a call ended. */
export interface CallOutcome {
  /** What was sent to the caller; if nothing was, DEADLINE_EXCEEDED or CANCELLED. */
  readonly code: status;
  readonly details: string;
  /** The trailers that were sent, if any. */
  readonly trailers: Metadata | null;
  /** Whether the call ended before there was a status to send, and why. */
  readonly cancelledBy: "caller" | "deadline" | undefined;
  /** What an interceptor refused the call with, or what was thrown inside. */
  readonly error: unknown;
  /** When it ended, as `performance.now()` has it. */
  readonly endedAt: number;
  readonly durationMs: number;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Of the messages, without their prefixes. Undefined where the server does not count them. */
  readonly bytesReceived: number | undefined;
  readonly bytesSent: number | undefined;
}

/** What an interceptor does in one call, from its headers on. All of it is optional. */
export interface CallHook {
  /**
   * Runs everything further inside: interceptors, the handler and what they set going. Called once; what
   * it sets in the async context holds for all events of the call.
   */
  run?(work: () => void): void;
  /** A message from the caller. What it throws ends the call. */
  onMessage?(message: unknown): void;
  /** A message to the caller. Must not throw. */
  onSendMessage?(message: unknown): void;
  /** What goes to the caller when something was thrown. The innermost answer counts. */
  onFailure?(error: unknown): WireStatus | undefined;
  /** The status, before it is sent; the innermost hook sees it first. Must not throw. */
  onSendStatus?(sent: CallStatus): CallStatus;
  /** The call is over, and its stream closed. Called once; the innermost hook first. Must not throw. */
  onEnd?(outcome: CallOutcome): void;
}

/**
 * Looks at a call when its headers have come. What it throws, or rejects with, refuses the call; a
 * promise holds the call up. Undefined: nothing more to do in this call.
 */
export type ServerHook = (
  call: InterceptedCall,
) => CallHook | undefined | Promise<CallHook | undefined>;
