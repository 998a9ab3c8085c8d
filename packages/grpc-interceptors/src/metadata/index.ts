export {
  createRedactingLogger,
  type GrpcJsLogSink,
  redactGrpcJsLogs,
} from "./grpc-js-logs.ts";
export { maxMetadataBytes, metadataBytes } from "./metadata-bytes.ts";
export { createMetadataForwarder, type MetadataForwarder } from "./metadata-forwarder.ts";
export {
  binaryKey,
  binaryListKey,
  type MetadataKey,
  type MetadataKeyOptions,
  type MetadataListKey,
  textKey,
  textListKey,
} from "./metadata-key.ts";
export { type RedactMetadataOptions, redactMetadata } from "./redact-metadata.ts";
