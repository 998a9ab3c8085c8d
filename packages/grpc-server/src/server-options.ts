import type { ChannelOptions, ServerInterceptor } from "@grpc/grpc-js";
import type { ErrorToStatus } from "@grpc-kit/grpc-status";
import type { AdminOptions } from "./admin.ts";
import type { CallObserver } from "./call-observer.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import type { DeadlineOptions } from "./deadlines.ts";
import type { OnError } from "./route.ts";
import type { TlsOptions } from "./tls-options.ts";

export interface KeepaliveOptions {
  /** Milliseconds between PINGs to a client, which find out that it is gone. Default: 120_000. */
  readonly timeMs?: number;
  /** Milliseconds that a client has to answer one. Default: 20_000. */
  readonly timeoutMs?: number;
}

export interface GrpcServerOptions {
  /** The address to listen on. Default: "0.0.0.0". */
  readonly host?: string;
  /** The port to listen on; 0 takes a free one. Default: 50051. */
  readonly port?: number;
  /** The Unix socket to listen on in place of `host` and `port`. Default: none. */
  readonly path?: string;
  /** Encrypts connections. Either this or `insecure` must be given. */
  readonly tls?: TlsOptions;
  /** Says that connections are not encrypted. */
  readonly insecure?: true;
  /** Run for each call before its handler, the first one outermost. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[];
  /** See every call, also those that no interceptor sees. Default: none. */
  readonly observers?: readonly CallObserver[];
  /**
   * Called with each error that the caller is not told everything of, and the id that it is told
   * instead: what interceptors throw, what handlers throw that is not exposed or comes after their call
   * has ended, and metadata that cannot be sent. Default: writes to stderr.
   */
  readonly onError?: OnError;
  /**
   * Says how a call ends whose handler throws. Default: `errorToStatus` of `@grpc-kit/grpc-status`;
   * its `createErrorMapper` makes others.
   */
  readonly errorToStatus?: ErrorToStatus;

  /** Handlers that run at once, each until it has settled. Default: 100. */
  readonly maxConcurrentRpcs?: number;
  /**
   * Of these, those that one address may take. Set it where clients connect by themselves; behind a
   * proxy all calls come from its address. Default: Infinity.
   */
  readonly maxConcurrentRpcsPerPeer?: number;
  /** Calls that wait for a handler; the newest goes first. Default: 20. */
  readonly maxQueuedRpcs?: number;
  /** Milliseconds that a call may wait for a handler. Default: 1_000. */
  readonly maxQueueMs?: number;
  /** Calls with compressed messages that run at once; 0 refuses all. Default: 4. */
  readonly maxCompressedRpcs?: number;
  /** Methods that run however many calls do, by exact path. Default: those of `grpc.health.v1.Health`. */
  readonly exemptMethods?: readonly string[];
  /** How long calls may take. */
  readonly deadlines?: DeadlineOptions;
  /**
   * Methods whose calls never end by themselves, by exact path: they end as soon as the server drains.
   * Default: those of `grpc.reflection`.
   */
  readonly longLivedMethods?: readonly string[];

  /** Limits of connections. */
  readonly connections?: ConnectionOptions;
  readonly keepalive?: KeepaliveOptions;
  /** Calls at once on one connection. Default: 100. */
  readonly maxConcurrentStreams?: number;
  /** The names and values of a call's metadata together, and 32 bytes for each. Default: 16_384. */
  readonly maxMetadataBytes?: number;
  /** A message that is received, also when inflated; -1 is any size. Default: 4_194_304, 4 MiB. */
  readonly maxReceiveMessageBytes?: number;
  /** A message that is sent; -1 is any size. Default: 4_194_304, 4 MiB. */
  readonly maxSendMessageBytes?: number;
  /** Milliseconds that a caller may take to read one message before it is cut. Default: 60_000. */
  readonly sendStallTimeoutMs?: number;
  /** Milliseconds without a message, either way, after which a stream ends. Default: Infinity. */
  readonly streamIdleTimeoutMs?: number;

  /** Serves channelz and the other admin services of grpc-js, on a port of their own. Default: off. */
  readonly admin?: AdminOptions;
  /** Options of grpc-js, over all that is said here. Default: none. */
  readonly channelOptions?: ChannelOptions;
}
