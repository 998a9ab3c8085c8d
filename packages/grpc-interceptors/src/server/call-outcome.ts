import { status } from "@grpc/grpc-js";
import type { Traffic } from "@grpc-kit/grpc-context";
import type { CallOutcome, CallStatus } from "./call-hook.ts";

/** What is known of a call whose stream has closed. */
export interface CallFacts
  extends Pick<CallOutcome, "error" | "messagesReceived" | "messagesSent"> {
  /** As `performance.now()` has it. */
  readonly startedAt: number;
  /** Epoch milliseconds; Infinity if there is none. */
  readonly deadline: number;
  /** What was given to grpc-js to send, if anything. */
  readonly status: CallStatus | undefined;
  /** Undefined where the server does not look at the stream. */
  readonly traffic: Traffic | undefined;
}

/** How the call ended, as of now. */
export function toOutcome(facts: CallFacts): CallOutcome {
  const { traffic, status: given } = facts;
  const endedAt = performance.now();
  // Timers may be a millisecond early.
  const cancelledBy = Date.now() >= facts.deadline - 1 ? "deadline" : "caller";
  // grpc-js sends some statuses by itself, for a message that is too large for instance, and drops one
  // that comes after the caller's reset. Only a server that looks at the stream knows of these.
  const code = traffic === undefined ? given?.code : traffic.sentCode;
  const sent = code === given?.code ? given : undefined;
  return {
    code: code ?? (cancelledBy === "deadline" ? status.DEADLINE_EXCEEDED : status.CANCELLED),
    details: sent?.details ?? "",
    trailers: sent?.metadata ?? null,
    cancelledBy: code === undefined ? cancelledBy : undefined,
    error: facts.error,
    endedAt,
    durationMs: endedAt - facts.startedAt,
    messagesReceived: facts.messagesReceived,
    messagesSent: facts.messagesSent,
    bytesReceived: traffic?.bytesReceived,
    bytesSent: traffic?.bytesSent,
  };
}
