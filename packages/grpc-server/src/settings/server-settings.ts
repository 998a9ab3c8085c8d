/** What a server is told by its environment. Undefined: the default of `createGrpcServer` stands. */
export interface GrpcServerSettings {
  /** Whether to serve at all. Default: false. */
  readonly enabled: boolean;
  /** The address to listen on. Default: "0.0.0.0". */
  readonly host: string;
  /** The port to listen on; 0 takes a free one. Default: 50051. */
  readonly port: number;
  /** The Unix socket to listen on in place of `host` and `port`. */
  readonly socketPath: string | undefined;
  /** Processes that serve. Default: 10. */
  readonly maxWorkers: number;
  /** Whether to serve `grpc.reflection`. Default: true. */
  readonly reflectionEnabled: boolean;
  /** Whether to serve `grpc.health`. Default: true. */
  readonly healthCheckEnabled: boolean;

  /** Says that connections are not encrypted. */
  readonly insecure: boolean | undefined;
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  /** The authorities that sign clients' certificates: with it, clients need one. */
  readonly tlsClientCaFile: string | undefined;
  readonly tlsMinVersion: "TLSv1.2" | "TLSv1.3" | undefined;
  readonly tlsReloadIntervalMs: number | undefined;

  /** Milliseconds that running calls have to end when the server stops. */
  readonly graceMs: number | undefined;
  /** Milliseconds before that, in which balancers learn that the server is about to stop. */
  readonly drainDelayMs: number | undefined;

  /** Handlers that run at once. Default: 100. */
  readonly maxConcurrentRpcs: number;
  readonly maxConcurrentRpcsPerPeer: number | undefined;
  readonly maxQueuedRpcs: number | undefined;
  readonly maxQueueMs: number | undefined;
  readonly maxCompressedRpcs: number | undefined;
  readonly exemptMethods: readonly string[] | undefined;
  readonly longLivedMethods: readonly string[] | undefined;
  readonly defaultDeadlineMs: number | undefined;
  readonly maxDeadlineMs: number | undefined;
  readonly maxConcurrentStreams: number | undefined;
  /** -1 is any size. */
  readonly maxReceiveMessageBytes: number | undefined;
  /** -1 is any size. */
  readonly maxSendMessageBytes: number | undefined;
  readonly maxMetadataBytes: number | undefined;
  readonly sendStallTimeoutMs: number | undefined;
  readonly streamIdleTimeoutMs: number | undefined;

  readonly maxConnections: number | undefined;
  readonly maxConnectionsPerPeer: number | undefined;
  /** New connections a second. */
  readonly maxConnectionRatePerPeer: number | undefined;
  readonly resetBudgetBurst: number | undefined;
  readonly resetBudgetPerSecond: number | undefined;
  readonly handshakeTimeoutMs: number | undefined;
  readonly maxConnectionIdleMs: number | undefined;
  readonly maxConnectionAgeMs: number | undefined;
  readonly maxConnectionAgeGraceMs: number | undefined;
  readonly keepaliveTimeMs: number | undefined;
  readonly keepaliveTimeoutMs: number | undefined;

  /** The port of the admin services; 0 takes a free one. */
  readonly adminPort: number | undefined;
  /** Their address; without `adminPort` it says nothing. */
  readonly adminHost: string | undefined;
}
