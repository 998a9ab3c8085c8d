export { type CallValues, type ContextKey, callValues, createContextKey } from "./call-values.ts";
export {
  type Identity,
  identityKey,
  type Logger,
  loggerKey,
  requestIdKey,
  type TraceIds,
  type Traffic,
  traceKey,
  trafficKey,
} from "./keys.ts";
// The server's side.
export { currentCall, runInCall, type ServedCall } from "./served-call.ts";
