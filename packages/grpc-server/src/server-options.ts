import { inspect } from "node:util";
import type { ChannelOptions, ServerInterceptor } from "@grpc/grpc-js";
import { type ErrorToStatus, errorToStatus as standardErrorToStatus } from "@grpc-kit/grpc-status";
import type { CallContext } from "./call-context.ts";
import type { OnError } from "./route.ts";

export interface GrpcServerOptions {
  /** The address to listen on. Default: "0.0.0.0". */
  readonly host?: string;
  /** The port to listen on; 0 takes a free one. Default: 50051. */
  readonly port?: number;
  /** Says that connections are not encrypted. There are no others yet. */
  readonly insecure: true;
  /** Run for each call before its handler, the first one outermost. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[];
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
  /** Options of grpc-js, over this package's own: `grpc.max_concurrent_streams` is 100. */
  readonly channelOptions?: ChannelOptions;
}

// grpc-js sets no limit of its own, and a caller could open as many streams as it likes.
const defaultChannelOptions: ChannelOptions = { "grpc.max_concurrent_streams": 100 };

/** The options with their defaults. Throws a TypeError or RangeError that names a wrong one. */
export function resolveOptions({
  host = "0.0.0.0",
  port = 50051,
  insecure,
  interceptors = [],
  onError = writeToStderr,
  errorToStatus = standardErrorToStatus,
  channelOptions = {},
}: GrpcServerOptions): Required<GrpcServerOptions> {
  if (typeof host !== "string" || host === "") {
    throw new TypeError(`host must be an address or a name, got ${inspect(host)}`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`port must be an integer from 0 to 65535, got ${inspect(port)}`);
  }
  if (insecure !== true) {
    throw new TypeError(`insecure must be true, as there is no TLS yet, got ${inspect(insecure)}`);
  }
  const wrong = interceptors.findIndex((interceptor) => typeof interceptor !== "function");
  if (wrong !== -1) {
    const got = inspect(interceptors[wrong]);
    throw new TypeError(`interceptors must be functions, got ${got} at ${wrong}`);
  }
  if (typeof onError !== "function") {
    throw new TypeError(`onError must be a function, got ${inspect(onError)}`);
  }
  if (typeof errorToStatus !== "function") {
    throw new TypeError(`errorToStatus must be a function, got ${inspect(errorToStatus)}`);
  }
  return {
    host,
    port,
    insecure,
    interceptors,
    onError: guard(onError),
    errorToStatus: guardMapper(errorToStatus),
    channelOptions: { ...defaultChannelOptions, ...withoutUndefined(channelOptions) },
  };
}

// grpc-js would take a stream limit of undefined for none at all.
function withoutUndefined(options: ChannelOptions): ChannelOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

// It runs where a call ends, and whatever it throws would end the process instead.
function guard(onError: OnError): OnError {
  return (error, context, errorId) => {
    const report = async (): Promise<void> => onError(error, context, errorId);
    report().catch((thrown: unknown) => {
      writeToStderr(error, context, errorId);
      writeToStderr(thrown, context, undefined);
    });
  };
}

function guardMapper(errorToStatus: ErrorToStatus): ErrorToStatus {
  return (error, context) => {
    try {
      return errorToStatus(error, context);
    } catch (thrown) {
      process.stderr.write(`errorToStatus has thrown: ${show(thrown)}\n`);
      return standardErrorToStatus(undefined, context);
    }
  };
}

function writeToStderr(error: unknown, { path }: CallContext, errorId: string | undefined): void {
  const id = errorId === undefined ? "" : ` [error id ${errorId}]`;
  process.stderr.write(`${path}${id}: ${show(error)}\n`);
}

function show(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return "an error that cannot be shown";
  }
}
