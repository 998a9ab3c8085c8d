export { errorToStatus, toSafeStatus, type WireStatus } from "./error-to-status.ts";
// For servers and interceptors that send metadata of others.
export { toSafeDetails } from "./safe-details.ts";
export { isReserved, type SafeMetadata, toSafeMetadata } from "./safe-metadata.ts";
export { isStatusError, StatusError, type StatusErrorOptions } from "./status-error.ts";
