import type { IncomingHttpHeaders } from "node:http2";
import type { status } from "@grpc/grpc-js";
import type { CallKind } from "../method.ts";

/** A call as grpc-server's observers are told of it. */
export interface ObservedCall {
  /** "/examples.ItemService/GetItem"; "_OTHER" if the server has no such method. */
  readonly method: string;
  /** Undefined if the server has no such method. */
  readonly kind: CallKind | undefined;
  readonly peer: string;
  readonly headers: IncomingHttpHeaders;
}

/** How a call ended, as grpc-server's observers are told of it. */
export interface ObservedOutcome {
  readonly code: status;
  readonly durationMs: number;
  /** Whether the interceptors have seen the call. They do not see those that the server refuses. */
  readonly isIntercepted: boolean;
}

/**
 * What `createGrpcServer({ observers })` of grpc-server takes. The ones of this package look only at
 * calls that no interceptor sees: those of unknown methods, and those that the server refuses.
 */
export interface CallObserver {
  onEnd(call: ObservedCall, outcome: ObservedOutcome): void;
}
