import { inspect } from "node:util";
import type { ChannelOptions, ServerInterceptor } from "@grpc/grpc-js";
import { type ErrorToStatus, errorToStatus as standardErrorToStatus } from "@grpc-kit/grpc-status";
import { type AdminOptions, checkAdminOptions } from "./admin.ts";
import type { CallObserver } from "./call-observer.ts";
import {
  checkCount,
  checkDuration,
  checkFunction,
  checkHost,
  checkPort,
  maxTimerMs,
} from "./check-option.ts";
import { type ConnectionLimits, resolveConnectionOptions } from "./connection-options.ts";
import { checkDeadlineOptions, type DeadlineOptions } from "./deadlines.ts";
import { guardErrorToStatus, guardOnError, writeToStderr } from "./guard-callbacks.ts";
import type { OnError } from "./route.ts";
import type { GrpcServerOptions } from "./server-options.ts";
import { checkTlsOptions, type TlsOptions } from "./tls-options.ts";

/** The options of a server, whole and checked. */
export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  readonly path: string | undefined;
  /** Undefined: connections are not encrypted. */
  readonly tls: TlsOptions | undefined;
  readonly interceptors: readonly ServerInterceptor[];
  readonly observers: readonly CallObserver[];
  readonly onError: OnError;
  readonly errorToStatus: ErrorToStatus;
  readonly maxConcurrentRpcs: number;
  readonly maxConcurrentRpcsPerPeer: number;
  readonly maxQueuedRpcs: number;
  readonly maxQueueMs: number;
  readonly maxCompressedRpcs: number;
  readonly exemptMethods: readonly string[];
  readonly deadlines: DeadlineOptions;
  readonly longLivedMethods: readonly string[];
  readonly connections: ConnectionLimits;
  readonly maxMetadataBytes: number;
  readonly maxSendMessageBytes: number;
  readonly sendStallTimeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  readonly admin: AdminOptions | undefined;
  readonly channelOptions: ChannelOptions;
}

// Later than this package's own look at a connection, which comes once a second.
const grpcJsIdleMs = 2_000;

const fourMiB = 4 * 1024 * 1024;

// Probes must be answered by a busy server too, or it is restarted for being busy.
const healthMethods = ["Check", "Watch", "List"].map((name) => `/grpc.health.v1.Health/${name}`);

// A tool that has asked for the schema keeps its stream open.
const reflectionMethods = ["v1", "v1alpha"].map(
  (version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
);

/** The options with their defaults. Throws a TypeError or RangeError that names a wrong one. */
export function resolveOptions(options: GrpcServerOptions): ServerConfig {
  const {
    interceptors = [],
    observers = [],
    onError = writeToStderr,
    errorToStatus = standardErrorToStatus,
    maxConcurrentRpcs = 100,
    maxConcurrentRpcsPerPeer = Number.POSITIVE_INFINITY,
    maxQueuedRpcs = 20,
    maxQueueMs = 1_000,
    maxCompressedRpcs = 4,
    exemptMethods = healthMethods,
    deadlines = {},
    longLivedMethods = reflectionMethods,
    maxMetadataBytes = 16_384,
    sendStallTimeoutMs = 60_000,
    streamIdleTimeoutMs = Number.POSITIVE_INFINITY,
  } = options;
  checkFunctions("interceptors", interceptors);
  for (const [name, value] of Object.entries({ onError, errorToStatus })) {
    checkFunction(name, value);
  }
  checkCount("maxConcurrentRpcs", maxConcurrentRpcs, 1);
  checkCount("maxConcurrentRpcsPerPeer", maxConcurrentRpcsPerPeer, 1);
  checkCount("maxQueuedRpcs", maxQueuedRpcs, 0);
  checkDuration("maxQueueMs", maxQueueMs);
  checkCount("maxCompressedRpcs", maxCompressedRpcs, 0);
  checkPaths("exemptMethods", exemptMethods);
  checkPaths("longLivedMethods", longLivedMethods);
  checkCount("maxMetadataBytes", maxMetadataBytes, 1);
  checkDuration("sendStallTimeoutMs", sendStallTimeoutMs);
  checkDuration("streamIdleTimeoutMs", streamIdleTimeoutMs);
  const connections = resolveConnectionOptions(options.connections);
  const channelOptions = resolveChannelOptions(options, connections);
  return {
    ...resolveAddress(options),
    tls: resolveTls(options),
    interceptors,
    observers,
    onError: guardOnError(onError),
    errorToStatus: guardErrorToStatus(errorToStatus),
    maxConcurrentRpcs,
    maxConcurrentRpcsPerPeer,
    maxQueuedRpcs,
    maxQueueMs,
    maxCompressedRpcs,
    exemptMethods,
    deadlines: checkDeadlineOptions(deadlines),
    longLivedMethods,
    connections,
    maxMetadataBytes,
    maxSendMessageBytes: channelOptions["grpc.max_send_message_length"] ?? fourMiB,
    sendStallTimeoutMs,
    streamIdleTimeoutMs,
    admin: options.admin === undefined ? undefined : checkAdminOptions(options.admin),
    channelOptions,
  };
}

function resolveAddress({
  host = "0.0.0.0",
  port = 50051,
  path,
}: GrpcServerOptions): Pick<ServerConfig, "host" | "port" | "path"> {
  checkHost("host", host);
  checkPort("port", port);
  if (path !== undefined && (typeof path !== "string" || path === "")) {
    throw new TypeError(`path must be the path of a Unix socket, got ${inspect(path)}`);
  }
  return { host, port, path };
}

function resolveTls({ tls, insecure }: GrpcServerOptions): TlsOptions | undefined {
  if (insecure !== undefined && insecure !== true) {
    throw new TypeError(`insecure must be true or left out, got ${inspect(insecure)}`);
  }
  if (tls === undefined && insecure === undefined) {
    throw new TypeError("tls must be given, or insecure: true for plaintext, got neither");
  }
  if (tls !== undefined && insecure !== undefined) {
    throw new TypeError("tls and insecure exclude each other, got both");
  }
  return tls === undefined ? undefined : checkTlsOptions(tls);
}

function resolveChannelOptions(
  {
    maxConcurrentStreams = 100,
    maxReceiveMessageBytes = fourMiB,
    maxSendMessageBytes = fourMiB,
    keepalive: { timeMs = 120_000, timeoutMs = 20_000 } = {},
    admin,
    channelOptions = {},
  }: GrpcServerOptions,
  { maxIdleMs }: ConnectionLimits,
): ChannelOptions {
  // nghttp2 cannot count further, and no limit at all is what no server should have.
  if (!Number.isInteger(maxConcurrentStreams) || maxConcurrentStreams < 1) {
    const got = inspect(maxConcurrentStreams);
    throw new RangeError(`maxConcurrentStreams must be an integer from 1, got ${got}`);
  }
  checkSize("maxReceiveMessageBytes", maxReceiveMessageBytes);
  checkSize("maxSendMessageBytes", maxSendMessageBytes);
  checkDuration("keepalive.timeMs", timeMs);
  checkDuration("keepalive.timeoutMs", timeoutMs);
  return {
    "grpc.max_concurrent_streams": maxConcurrentStreams,
    "grpc.max_receive_message_length": maxReceiveMessageBytes,
    "grpc.max_send_message_length": maxSendMessageBytes,
    ...finite("grpc.keepalive_time_ms", timeMs),
    ...finite("grpc.keepalive_timeout_ms", timeoutMs),
    // For connections that never make a call. The others are seen to here before, without losing calls.
    ...(Number.isFinite(maxIdleMs)
      ? { "grpc.max_connection_idle_ms": Math.min(maxTimerMs, maxIdleMs + grpcJsIdleMs) }
      : {}),
    "grpc.enable_channelz": admin === undefined ? 0 : 1,
    ...withoutUndefined(channelOptions),
  };
}

function finite(name: string, value: number): ChannelOptions {
  return Number.isFinite(value) ? { [name]: value } : {};
}

// grpc-js would take a stream limit of undefined for none at all.
function withoutUndefined(options: ChannelOptions): ChannelOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function checkSize(name: string, value: number): void {
  if (value !== -1 && !(Number.isInteger(value) && value >= 0)) {
    throw new RangeError(`${name} must be a number of bytes, or -1 for any, got ${inspect(value)}`);
  }
}

function checkFunctions(name: string, values: readonly unknown[]): void {
  const wrong = values.findIndex((value) => typeof value !== "function");
  if (wrong !== -1) {
    throw new TypeError(`${name} must be functions, got ${inspect(values[wrong])} at ${wrong}`);
  }
}

// A path that is misspelt would leave its method without what was meant for it.
function checkPaths(name: string, paths: readonly string[]): void {
  const wrong = paths.find((path) => !/^\/[^/]+\/[^/]+$/.test(path));
  if (wrong !== undefined) {
    throw new TypeError(`${name} must be paths like "/pkg.Service/Method", got ${inspect(wrong)}`);
  }
}
