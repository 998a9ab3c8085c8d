import type { status } from "@grpc/grpc-js";
import type { TraceIds } from "@grpc-kit/grpc-context";
import type { Method } from "../method.ts";
import type { MetricsRegistry } from "./registry.ts";
import type { Labels } from "./series.ts";

/**
 * Records the calls of one method. It is the hook of each of them, on either side: all that it needs
 * is bound once, and it keeps nothing of a call.
 */
export interface Recorder {
  onStart(): void;
  /** Undefined where messages are not counted. */
  onMessage?(): void;
  onSendMessage?(): void;
  onEnd(ended: EndedCall, trace?: TraceIds): void;
  /** Makes the series of the method, so that they are 0 before its first call. */
  zero(): void;
}

export interface EndedCall {
  readonly code: status;
  readonly durationMs: number;
}

export type RecordedMethod = Pick<Method, "path" | "service" | "name"> & { readonly kind: string };

/** Stands for all methods that have no series of their own. */
export const unknownMethod: RecordedMethod = {
  path: "/_OTHER",
  service: "unknown",
  name: "unknown",
  kind: "unknown",
};

export interface RecorderOptions {
  readonly register: MetricsRegistry;
  readonly side: "server" | "client";
  /** In seconds. Undefined: those that the set of metrics has by itself. */
  readonly buckets: readonly number[] | undefined;
  readonly exemplars: boolean;
  /** Labels that say where a client's calls go, in the set that has such. */
  readonly target: Labels;
}

export type RecorderOf = (method: RecordedMethod) => Recorder;
