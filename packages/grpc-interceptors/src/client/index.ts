export {
  type BearerToken,
  type BearerTokenOptions,
  bearerToken,
} from "./bearer-token.ts";
export { type DeadlineOptions, deadline } from "./deadline.ts";
export { type LoggingOptions, logging } from "./logging.ts";
export { type MetadataOptions, metadata } from "./metadata.ts";
export { type RequestIdOptions, requestId } from "./request-id.ts";
