// What options and events are made of.
export type { AdminOptions } from "./admin.ts";
export type { CallContext } from "./call-context.ts";
export type { CallKind, CallObserver, CallOutcome, ObservedCall } from "./call-observer.ts";
export type { CallRefusal } from "./call-refusals.ts";
export type { ConnectionOptions, RateBudget } from "./connection-options.ts";
export { createGrpcServer, type GrpcServer } from "./create-server.ts";
export type { DeadlineOptions, MethodDeadline } from "./deadlines.ts";
export type {
  BidiHandler,
  ClientStreamHandler,
  Handler,
  Handlers,
  ServerStreamHandler,
  UnaryHandler,
} from "./handlers.ts";
export type { StopOptions } from "./lifecycle.ts";
export type { ServerAddress } from "./listener.ts";
export type { OnError } from "./route.ts";
export { type RunOptions, runUntilSignal, type StopSignal } from "./run-until-signal.ts";
export type {
  ConnectionRefusal,
  Refusal,
  RefusalCounts,
  ServerEvent,
  ServerEventListener,
  ServerPhase,
  ServerStats,
} from "./server-events.ts";
export type { GrpcServerOptions, KeepaliveOptions } from "./server-options.ts";
export type { TlsOptions } from "./tls-options.ts";
