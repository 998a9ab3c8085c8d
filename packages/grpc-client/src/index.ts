export type { CircuitState } from "./breaker/circuit.ts";
export { clientErrorDomain, isCircuitOpen } from "./breaker/circuit-open.ts";
export type { CircuitReport } from "./breaker/circuits.ts";
export type {
  ChannelOptions,
  KeepaliveOptions,
  OutlierDetectionOptions,
  PoolOptions,
  ReconnectBackoffOptions,
  TlsOptions,
} from "./channel/channel-options.ts";
export type { ChannelState, CloseOptions, GrpcChannel } from "./channel/grpc-channel.ts";
export {
  type ClientFactory,
  createClientFactory,
} from "./client-factory.ts";
export type {
  AttemptFailure,
  BudgetOptions,
  CircuitBreakerOptions,
  CircuitChange,
  ClientFactoryOptions,
  ClientObserver,
  ConnectionsChange,
  HedgingOptions,
  MethodOptions,
  RetryOptions,
  RetryPolicyOptions,
} from "./client-options.ts";
export { type WaitForHealthyOptions, waitForHealthy } from "./ready/wait-for-healthy.ts";
export { type ResumeStreamOptions, resumeStream } from "./retry/resume-stream.ts";
export type {
  CallOptions,
  CallStatus,
  ResponseStreamOptions,
  SingleResponseOptions,
} from "./stub/call-options.ts";
export type { Requests, Stub } from "./stub/stub.ts";
export type { StubOptions } from "./stub/stub-options.ts";
