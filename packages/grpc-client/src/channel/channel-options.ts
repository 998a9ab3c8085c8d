import type { CallCredentials, ChannelCredentials } from "@grpc/grpc-js";

/** How one target is reached. */
export interface ChannelOptions {
  /**
   * "insecure": without TLS. Files: TLS with what they hold. Default: TLS with the authorities that
   * Node.js trusts, and no certificate of the client's own.
   */
  readonly credentials?: "insecure" | TlsOptions | ChannelCredentials;
  /**
   * What each call is authenticated by, such as a token. Refused together with "insecure", since
   * whoever listens could use it. Default: none.
   */
  readonly callCredentials?: CallCredentials;
  /**
   * "round_robin": a connection to each address of the target, and calls to all in turn. "pick_first":
   * one connection to the first address that answers, for targets that balance by themselves, as a
   * service mesh does. Default: "round_robin".
   */
  readonly loadBalancing?: "round_robin" | "pick_first";
  /**
   * Whether addresses whose calls fail get none for a while. For "round_robin" alone.
   * Default: true, with its defaults.
   */
  readonly outlierDetection?: boolean | OutlierDetectionOptions;
  readonly pool?: PoolOptions;
  readonly keepalive?: KeepaliveOptions;
  /** The most that a connection may take to be ready before another is tried. Default: 20_000. */
  readonly connectTimeoutMs?: number;
  readonly reconnectBackoff?: ReconnectBackoffOptions;
  /** The largest message to take, up to 2 ** 31 - 1; -1: any. Default: 4_194_304. */
  readonly maxReceiveMessageBytes?: number;
  /** The largest message to send, up to 2 ** 31 - 1; -1: any. Default: -1. */
  readonly maxSendMessageBytes?: number;
  /**
   * What calls name as their host. Whom the server's certificate must be for is said by `serverName` of
   * `credentials`. Default: the target's.
   */
  readonly authority?: string;
  /** What stands before grpc-js's own user agent. Default: nothing. */
  readonly userAgent?: string;
  /** How long one look-up of a name in DNS counts at least. Default: 10_000. */
  readonly minResolutionIntervalMs?: number;
  /**
   * Options of grpc-js's channels, for what has no option here. They may also say the times of
   * keepalive, below what `keepalive` takes. Default: none.
   */
  readonly grpcOptions?: Readonly<Record<string, string | number>>;
}

/** Files in PEM. They are read for each connection, so that certificates may be replaced. */
export interface TlsOptions {
  /** The authorities to trust. Default: those of Node.js. */
  readonly caFile?: string;
  /** The client's certificate and those above it, for a server that asks for one. Default: none. */
  readonly certFile?: string;
  /** The private key of `certFile`. */
  readonly keyFile?: string;
  /** Whom the server's certificate must be for. Default: the host of the target. */
  readonly serverName?: string;
}

/** https://github.com/grpc/proposal/blob/master/A50-xds-outlier-detection.md */
export interface OutlierDetectionOptions {
  /** How often the addresses are compared. Default: 10_000. */
  readonly intervalMs?: number;
  /** How long an address gets no calls the first time; each further time, so much longer. Default: 30_000. */
  readonly baseEjectionMs?: number;
  /** Which percentage of its calls must fail. Any code but OK is a failure. Default: 90. */
  readonly failurePercent?: number;
  /** How many calls of an interval an address must have had. Default: 20. */
  readonly minCalls?: number;
  /** How many addresses must have had so many. Default: 3. */
  readonly minAddresses?: number;
  /** No address is taken out once so many are; the first always may be. Default: 33. */
  readonly maxEjectionPercent?: number;
}

export interface PoolOptions {
  /** How many connections there may be to each address, 1 to 100. Default: 4. */
  readonly maxConnections?: number;
  /**
   * How many calls one connection takes, at most what the server does. Another is opened when all
   * have 80 % of it; calls beyond the last wait. Default: 100.
   */
  readonly maxStreamsPerConnection?: number;
  /** After how long connections that are not needed are given up; it may take twice that. Default: 30_000. */
  readonly idleMs?: number;
}

/** https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md */
export interface KeepaliveOptions {
  /** How long a connection may be silent before it is pinged, from 10_000; Infinity: never. Default: 60_000. */
  readonly timeMs?: number;
  /** How long the answer may take before the connection is given up. Default: 20_000. */
  readonly timeoutMs?: number;
  /** Whether connections without calls are pinged, which many servers refuse. Default: false. */
  readonly withoutCalls?: boolean;
}

/** https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md */
export interface ReconnectBackoffOptions {
  /** About how long after the start of an attempt to connect that has failed the next one starts. Default: 1_000. */
  readonly initialMs?: number;
  /** About the most that this grows to. Default: 10_000. */
  readonly maxMs?: number;
}
