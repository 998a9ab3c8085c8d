import type { Metadata, ServerUnaryCall } from "@grpc/grpc-js";
import { Metadata as ServedMetadata } from "@grpc/grpc-js";
import { callValues, type ServedCall } from "@grpc-kit/grpc-context";

export interface ServedCallFields {
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  readonly metadata?: Metadata;
}

/** A call being served, with no server: for what only asks `currentCall()`. */
export function servedCall({
  deadline = Number.POSITIVE_INFINITY,
  signal = new AbortController().signal,
  metadata = new ServedMetadata(),
}: ServedCallFields = {}): ServedCall {
  const values = callValues(metadata);
  return {
    path: "/test.Test/Served",
    metadata,
    deadline,
    signal,
    get: (key) => values.get(key),
    set: (key, value) => values.set(key, value),
  };
}

/** The call that a handler of grpc-js itself is serving. */
export function servedBy(
  call: Pick<ServerUnaryCall<unknown, unknown>, "metadata" | "getDeadline" | "on" | "cancelled">,
): ServedCall {
  const controller = new AbortController();
  // grpc-js says so at the end of every call, after its status: a call under test never gets there.
  call.on("cancelled", () => controller.abort());
  const { metadata } = call;
  return servedCall({
    metadata,
    deadline: Number(call.getDeadline()),
    signal: controller.signal,
  });
}
