import type { IncomingHttpHeaders } from "node:http2";
import { status } from "@grpc/grpc-js";
import type { OpenStream, StreamListener } from "./open-stream.ts";
import { peerOf } from "./peer-of.ts";
import { timeoutOf } from "./request-headers.ts";
import type { Route } from "./route.ts";
import { sentCodeOf } from "./stream-traffic.ts";

export type CallKind = "unary" | "server_stream" | "client_stream" | "bidi_stream";

/** A call, as it can be told before anything of it has been looked at. */
export interface ObservedCall {
  /** "/examples.ItemService/GetItem"; "_OTHER" if the server has no such method. */
  readonly method: string;
  /** Undefined if the server has no such method. */
  readonly kind: CallKind | undefined;
  /** "127.0.0.1:50812", or "unknown" (a Unix socket has no address). */
  readonly peer: string;
  /** What the caller sent, names in lower case; without what is no legal metadata. */
  readonly headers: IncomingHttpHeaders;
}

/** How a call ended. */
export interface CallOutcome {
  /**
   * What was sent to the caller. If nothing was: DEADLINE_EXCEEDED when the time that the caller gave
   * had passed, else CANCELLED.
   */
  readonly code: status;
  /** From its headers to the end of its stream. */
  readonly durationMs: number;
  /** Whether it got as far as the interceptors; calls that the server refuses do not. */
  readonly isIntercepted: boolean;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Of the messages, without their prefixes. Compressed ones are counted as they came. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

/**
 * Sees each call twice: when its headers have come and when it has ended, however it ended. Calls of
 * unknown methods, and those that are refused, are seen as well; no interceptor sees all of these.
 * Must not throw; what it throws is written to stderr.
 */
export interface CallObserver {
  onStart?(call: ObservedCall): void;
  onEnd?(call: ObservedCall, outcome: CallOutcome): void;
}

/** Tells the observers of the streams of a server. Undefined if there is none to tell. */
export function observeCalls(
  observers: readonly CallObserver[],
  routes: ReadonlyMap<string, Route>,
): StreamListener | undefined {
  if (observers.length === 0) {
    return undefined;
  }
  return {
    onOpen(open) {
      const route = routes.get(open.headers[":path"] ?? "");
      const call: ObservedCall = {
        method: route?.path ?? "_OTHER",
        kind: route === undefined ? undefined : kindOf(route),
        peer: peerOf(open.connection.socket),
        headers: open.headers,
      };
      open.observed = call;
      open.openedAt = performance.now();
      for (const observer of observers) {
        try {
          observer.onStart?.(call);
        } catch (error) {
          tellOfThrow(error);
        }
      }
    },
    onClose(open) {
      const call = open.observed;
      if (call === undefined) {
        return;
      }
      const durationMs = performance.now() - open.openedAt;
      const { isIntercepted, messagesReceived, messagesSent, bytesReceived, bytesSent } = open;
      const outcome: CallOutcome = {
        code: codeOf(open, durationMs),
        durationMs,
        isIntercepted,
        messagesReceived,
        messagesSent,
        bytesReceived,
        bytesSent,
      };
      for (const observer of observers) {
        try {
          observer.onEnd?.(call, outcome);
        } catch (error) {
          tellOfThrow(error);
        }
      }
    },
  };
}

function kindOf({ requestStream, responseStream }: Route): CallKind {
  if (requestStream) {
    return responseStream ? "bidi_stream" : "client_stream";
  }
  return responseStream ? "server_stream" : "unary";
}

function tellOfThrow(error: unknown): void {
  process.stderr.write(`an observer of calls has thrown: ${String(error)}\n`);
}

function codeOf({ stream, headers }: OpenStream, durationMs: number): status {
  const sent = sentCodeOf(stream);
  if (sent !== undefined) {
    return sent;
  }
  if (stream.sentHeaders?.[":status"] !== undefined && stream.rstCode === 0) {
    return status.UNKNOWN;
  }
  const timeoutMs = timeoutOf(headers["grpc-timeout"]);
  return durationMs >= timeoutMs - 1 ? status.DEADLINE_EXCEEDED : status.CANCELLED;
}
