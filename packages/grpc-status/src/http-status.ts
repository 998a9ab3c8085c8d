import { status } from "@grpc/grpc-js";
import { statusCodeInfo } from "./status-codes.ts";

// https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
const codes: ReadonlyMap<number, status> = new Map([
  [400, status.INTERNAL],
  [401, status.UNAUTHENTICATED],
  [403, status.PERMISSION_DENIED],
  [404, status.UNIMPLEMENTED],
  [429, status.UNAVAILABLE],
  [502, status.UNAVAILABLE],
  [503, status.UNAVAILABLE],
  [504, status.UNAVAILABLE],
]);

/**
 * The code of a call that was answered by HTTP alone, without a `grpc-status`: by a proxy, as a rule.
 * It is not the reverse of `codeToHttpStatus`: a proxy's 404 means that no such method is served.
 */
export function httpStatusToCode(httpStatus: number): status {
  return codes.get(httpStatus) ?? status.UNKNOWN;
}

/** What a gateway answers over HTTP for a call that ended with this code. */
export function codeToHttpStatus(code: number): number {
  return statusCodeInfo(code).httpStatus;
}
