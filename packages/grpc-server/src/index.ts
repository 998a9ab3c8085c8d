export type { CallContext } from "./call-context.ts";
export {
  createGrpcServer,
  type GrpcServer,
  type ServerAddress,
  type StopOptions,
} from "./create-server.ts";
export type {
  BidiHandler,
  ClientStreamHandler,
  Handler,
  Handlers,
  ServerStreamHandler,
  UnaryHandler,
} from "./handlers.ts";
export type { OnError } from "./route.ts";
export type { GrpcServerOptions } from "./server-options.ts";
