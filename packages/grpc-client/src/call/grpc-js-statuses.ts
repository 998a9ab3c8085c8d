import { type StatusObject, status } from "@grpc/grpc-js";
import { retryPushbackMs } from "@grpc-kit/grpc-status";

const connectionLoss =
  /triggered by internal client error: (?:Session closed with error code|.*\bE(?:PIPE|CONNABORTED)\b)/;

/**
 * Whether INTERNAL is only how grpc-js tells that the connection was ended under its calls, as nghttp2
 * ends one with too many resets: nothing is wrong with the call.
 */
function isConnectionReset(details: string): boolean {
  return connectionLoss.test(details);
}

/** Whether grpc-js is right if it makes another attempt of a call that must have ended in `leftMs`. */
export function mayFollow(
  { code, details, metadata }: StatusObject,
  retriesInternal: boolean,
  leftMs: number,
): boolean {
  if (code === status.INTERNAL && !retriesInternal && !isConnectionReset(details)) {
    return false;
  }
  // What it cannot read it takes for 1 ms, and it waits past the deadline.
  const pushbackMs = retryPushbackMs(metadata);
  return pushbackMs === undefined || pushbackMs < leftMs;
}

/** Whether an attempt was cancelled since another has an answer. */
export function isDiscardedHedge(code: status, details: string): boolean {
  return code === status.CANCELLED && details === "Discarded in favor of other hedged attempt";
}

/** Whether a deadline was noticed by grpc-js here, rather than told by the server. */
export function isOwnDeadline({ code, details }: StatusObject): boolean {
  return code === status.DEADLINE_EXCEEDED && details.startsWith("Deadline exceeded after ");
}

/** Whether grpc-js would not send what its caller gave it, so that no server knows of it. */
export function isUnsent({ details }: StatusObject): boolean {
  return /^(?:Getting metadata from plugin failed|Attempted to send message with a size)/.test(
    details,
  );
}

/** What a status means for a call that had to end in `leftMs`. */
export function explained(received: StatusObject, leftMs: number): StatusObject {
  const { code, details } = received;
  if (code === undefined) {
    // What grpc-js makes of an encoding that it does not know.
    return { ...received, code: status.INTERNAL, details: "the response cannot be decompressed" };
  }
  if (status[code] === undefined) {
    // https://github.com/grpc/grpc/blob/master/doc/statuscodes.md has no other codes.
    return { ...received, code: status.UNKNOWN };
  }
  if (code === status.INTERNAL && isConnectionReset(details)) {
    return { ...received, code: status.UNAVAILABLE, details: `connection lost: ${details}` };
  }
  if (code === status.CANCELLED && leftMs <= 0) {
    // A server that gives up a moment before this client: the time was over all the same.
    return { ...received, code: status.DEADLINE_EXCEEDED, details: "deadline exceeded" };
  }
  return received;
}
