import { inspect } from "node:util";
import type { ChannelOptions as GrpcOptions, LoadBalancingConfig } from "@grpc/grpc-js";
import { checkInteger, checkNames, maxTimerMs } from "../check-option.ts";
import type {
  ChannelOptions,
  KeepaliveOptions,
  PoolOptions,
  ReconnectBackoffOptions,
} from "./channel-options.ts";
import { type ChannelSecurity, resolveCredentials } from "./credentials.ts";
import { resolveLoadBalancing } from "./load-balancing.ts";

/** The options of a channel, checked and with their defaults. */
export interface ResolvedChannelOptions {
  readonly security: ChannelSecurity;
  readonly loadBalancing: readonly LoadBalancingConfig[];
  /** Whether a member of the pool has a connection to each address, rather than one in all. */
  readonly usesAllAddresses: boolean;
  readonly pool: Required<PoolOptions>;
  readonly connectTimeoutMs: number;
  readonly reconnectBackoff: Required<ReconnectBackoffOptions>;
  /** All else, as grpc-js takes it. */
  readonly grpcOptions: GrpcOptions;
}

const names: readonly (keyof ChannelOptions)[] = [
  "credentials",
  "callCredentials",
  "loadBalancing",
  "outlierDetection",
  "pool",
  "keepalive",
  "connectTimeoutMs",
  "reconnectBackoff",
  "maxReceiveMessageBytes",
  "maxSendMessageBytes",
  "authority",
  "userAgent",
  "minResolutionIntervalMs",
  "grpcOptions",
];

// What a channel is built on, or has an option for.
const ownGrpcOptions = new Map([
  ["grpc.service_config", "retry and loadBalancing"],
  ["grpc.service_config_disable_resolution", "retry and loadBalancing"],
  ["grpc.enable_retries", "retry"],
  ["grpc.use_local_subchannel_pool", "pool"],
  ["grpc.initial_reconnect_backoff_ms", "reconnectBackoff.initialMs"],
  ["grpc.max_reconnect_backoff_ms", "reconnectBackoff.maxMs"],
  ["grpc.max_receive_message_length", "maxReceiveMessageBytes"],
  ["grpc.max_send_message_length", "maxSendMessageBytes"],
  ["grpc.default_authority", "authority"],
  ["grpc.ssl_target_name_override", "credentials.serverName"],
  ["grpc.primary_user_agent", "userAgent"],
  ["grpc.dns_min_time_between_resolutions_ms", "minResolutionIntervalMs"],
  ["grpc.keepalive_permit_without_calls", "keepalive.withoutCalls"],
]);

/** `host` is the target's. Throws a TypeError or RangeError that names a wrong option. */
export function resolveChannelOptions(
  options: ChannelOptions,
  host: string,
): ResolvedChannelOptions {
  checkNames("options", options, names);
  const { loadBalancing = "round_robin", connectTimeoutMs = 20_000 } = options;
  checkMs("connectTimeoutMs", connectTimeoutMs);
  const security = resolveCredentials(options, host);
  const reconnectBackoff = resolveBackoff(options.reconnectBackoff);
  return {
    security,
    loadBalancing: resolveLoadBalancing(loadBalancing, options.outlierDetection),
    usesAllAddresses: loadBalancing === "round_robin",
    pool: resolvePool(options.pool),
    connectTimeoutMs,
    reconnectBackoff,
    grpcOptions: {
      ...resolveKeepalive(options.keepalive),
      ...resolveTexts(options),
      ...resolveSizes(options),
      "grpc.max_reconnect_backoff_ms": reconnectBackoff.maxMs,
      "grpc.service_config_disable_resolution": 1,
      "grpc.use_local_subchannel_pool": 1,
      ...resolveGrpcOptions(options.grpcOptions),
    },
  };
}

function resolvePool(pool: PoolOptions = {}): Required<PoolOptions> {
  checkNames("pool", pool, ["maxConnections", "maxStreamsPerConnection", "idleMs"]);
  const { maxConnections = 4, maxStreamsPerConnection = 100, idleMs = 30_000 } = pool;
  checkInteger("pool.maxConnections", maxConnections, 1, 100);
  checkInteger("pool.maxStreamsPerConnection", maxStreamsPerConnection, 1, maxTimerMs);
  checkMs("pool.idleMs", idleMs);
  return { maxConnections, maxStreamsPerConnection, idleMs };
}

function resolveBackoff(backoff: ReconnectBackoffOptions = {}): Required<ReconnectBackoffOptions> {
  checkNames("reconnectBackoff", backoff, ["initialMs", "maxMs"]);
  const { initialMs = 1_000, maxMs = 10_000 } = backoff;
  checkMs("reconnectBackoff.maxMs", maxMs);
  checkInteger("reconnectBackoff.initialMs", initialMs, 1, maxMs);
  return { initialMs, maxMs };
}

function resolveKeepalive(keepalive: KeepaliveOptions = {}): GrpcOptions {
  checkNames("keepalive", keepalive, ["timeMs", "timeoutMs", "withoutCalls"]);
  const { timeMs = 60_000, timeoutMs = 20_000, withoutCalls = false } = keepalive;
  if (timeMs !== Number.POSITIVE_INFINITY) {
    // Servers close connections that are pinged more often.
    checkMs("keepalive.timeMs", timeMs, 10_000);
  }
  checkMs("keepalive.timeoutMs", timeoutMs);
  if (typeof withoutCalls !== "boolean") {
    throw new TypeError(
      `keepalive.withoutCalls must be true or false, got ${inspect(withoutCalls)}`,
    );
  }
  return {
    ...(timeMs === Number.POSITIVE_INFINITY ? {} : { "grpc.keepalive_time_ms": timeMs }),
    "grpc.keepalive_timeout_ms": timeoutMs,
    "grpc.keepalive_permit_without_calls": withoutCalls ? 1 : 0,
  };
}

function resolveTexts({ authority, userAgent }: ChannelOptions): GrpcOptions {
  return {
    ...optionalText("authority", "grpc.default_authority", authority),
    ...optionalText("userAgent", "grpc.primary_user_agent", userAgent),
  };
}

function optionalText(name: string, grpcName: string, text: string | undefined): GrpcOptions {
  if (text === undefined) {
    return {};
  }
  if (typeof text !== "string" || !/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text)) {
    throw new TypeError(`${name} must be a text of ASCII, got ${inspect(text)}`);
  }
  return { [grpcName]: text };
}

function resolveSizes({
  maxReceiveMessageBytes = 4 * 1_024 * 1_024,
  maxSendMessageBytes = -1,
  minResolutionIntervalMs = 10_000,
}: ChannelOptions): GrpcOptions {
  checkInteger("maxReceiveMessageBytes", maxReceiveMessageBytes, -1, maxTimerMs);
  checkInteger("maxSendMessageBytes", maxSendMessageBytes, -1, maxTimerMs);
  checkMs("minResolutionIntervalMs", minResolutionIntervalMs);
  return {
    "grpc.max_receive_message_length": maxReceiveMessageBytes,
    "grpc.max_send_message_length": maxSendMessageBytes,
    "grpc.dns_min_time_between_resolutions_ms": minResolutionIntervalMs,
  };
}

function resolveGrpcOptions(grpcOptions: ChannelOptions["grpcOptions"] = {}): GrpcOptions {
  if (typeof grpcOptions !== "object" || grpcOptions === null) {
    throw new TypeError(`grpcOptions must be an object, got ${inspect(grpcOptions)}`);
  }
  for (const [name, value] of Object.entries(grpcOptions)) {
    const own = ownGrpcOptions.get(name);
    if (own !== undefined) {
      throw new TypeError(
        `grpcOptions must be without ${inspect(name)}, for which ${own} is there`,
      );
    }
    if (typeof value !== "string" && typeof value !== "number") {
      throw new TypeError(
        `grpcOptions[${inspect(name)}] must be a text or number, got ${inspect(value)}`,
      );
    }
  }
  return { ...grpcOptions };
}

function checkMs(name: string, value: number, min = 1): void {
  checkInteger(name, value, min, maxTimerMs);
}
