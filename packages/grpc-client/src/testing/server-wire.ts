import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";

/** What carries a call to its handler and back, as grpc-js has it. Its messages are bytes. */
export type ServerWire = Pick<
  ServerInterceptingCallInterface,
  "getPeer" | "getDeadline" | "startRead" | "sendMetadata" | "sendMessage" | "sendStatus"
>;

/** What is told of what the caller does. */
export type ServerWireListener = Parameters<ServerInterceptingCallInterface["start"]>[0];
