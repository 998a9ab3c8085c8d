import { type StatusObject, status } from "@grpc/grpc-js";

const connectionLoss =
  /triggered by internal client error: (?:Session closed with error code|.*\bE(?:PIPE|CONNABORTED)\b)/;

/**
 * Whether INTERNAL is only how grpc-js tells that the connection was ended under its calls, as nghttp2
 * ends one with too many resets: nothing is wrong with the call.
 */
export function isConnectionReset(details: string): boolean {
  return connectionLoss.test(details);
}

/** Whether a deadline was noticed by grpc-js here, rather than told by the server. */
export function isOwnDeadline({ code, details }: StatusObject): boolean {
  return code === status.DEADLINE_EXCEEDED && details.startsWith("Deadline exceeded after ");
}
