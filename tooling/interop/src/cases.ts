import {
  channelSoak,
  clientStreaming,
  emptyStream,
  emptyUnary,
  largeUnary,
  pingPong,
  rpcSoak,
  serverStreaming,
} from "./cases/calls.ts";
import {
  clientCompressedStreaming,
  clientCompressedUnary,
  serverCompressedStreaming,
  serverCompressedUnary,
} from "./cases/compression.ts";
import {
  cancelAfterBegin,
  cancelAfterFirstResponse,
  timeoutOnSleepingServer,
} from "./cases/endings.ts";
import type { InteropCase } from "./cases/interop-case.ts";
import { binaryMetadata, customMetadata } from "./cases/metadata.ts";
import {
  allStatusCodes,
  longStatusMessage,
  specialStatusMessage,
  statusCodeAndMessage,
  statusDetails,
  unimplementedMethod,
  unimplementedService,
} from "./cases/statuses.ts";

/**
 * By the names of https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md; those from
 * all_status_codes on are this project's own.
 */
export const interopCases: Readonly<Record<string, InteropCase>> = {
  empty_unary: emptyUnary,
  large_unary: largeUnary,
  client_streaming: clientStreaming,
  server_streaming: serverStreaming,
  ping_pong: pingPong,
  empty_stream: emptyStream,
  client_compressed_unary: clientCompressedUnary,
  client_compressed_streaming: clientCompressedStreaming,
  server_compressed_unary: serverCompressedUnary,
  server_compressed_streaming: serverCompressedStreaming,
  custom_metadata: customMetadata,
  status_code_and_message: statusCodeAndMessage,
  special_status_message: specialStatusMessage,
  unimplemented_method: unimplementedMethod,
  unimplemented_service: unimplementedService,
  cancel_after_begin: cancelAfterBegin,
  cancel_after_first_response: cancelAfterFirstResponse,
  timeout_on_sleeping_server: timeoutOnSleepingServer,
  rpc_soak: rpcSoak,
  channel_soak: channelSoak,
  all_status_codes: allStatusCodes,
  status_details: statusDetails,
  long_status_message: longStatusMessage,
  binary_metadata: binaryMetadata,
};
