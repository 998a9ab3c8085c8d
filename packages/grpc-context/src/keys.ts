import type { status } from "@grpc/grpc-js";
import type { ContextKey } from "./call-values.ts";

/** Who makes a call, as authentication found out. */
export interface Identity {
  /** The caller's unique name: a token's `sub`, or the name in a certificate. */
  readonly subject: string;
  /** What the caller may do. */
  readonly scopes: readonly string[];
  /** Everything that the credentials say. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A logger as pino has it: fields first, then the message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What has come and gone on a call so far. */
export interface Traffic {
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Of the messages, without their prefixes. Compressed ones are counted as they came. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** The status that was sent, also by what no interceptor sees; undefined if none was. */
  readonly sentCode: status | undefined;
}

/** The span that the call runs in: https://www.w3.org/TR/trace-context/#traceparent-header */
export interface TraceIds {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

// Registered, not unique: two installed copies of this package must mean the same value.

/** The caller. Set by authentication. */
export const identityKey: ContextKey<Identity> = Symbol.for("grpc-kit.identity");

/** What names this call in every log. Set where logging begins. */
export const requestIdKey: ContextKey<string> = Symbol.for("grpc-kit.request-id");

/** A logger whose lines carry the request id. Set where logging begins. */
export const loggerKey: ContextKey<Logger> = Symbol.for("grpc-kit.logger");

/** The call's traffic, which goes on changing. Set by servers that count it. */
export const trafficKey: ContextKey<Traffic> = Symbol.for("grpc-kit.traffic");

/** The call's span. Set by tracing. */
export const traceKey: ContextKey<TraceIds> = Symbol.for("grpc-kit.trace");
