import { inspect } from "node:util";
import type { CallSource } from "./call-source.ts";
import type { GrpcChannel } from "./grpc-channel.ts";

const sources = new WeakMap<GrpcChannel, CallSource>();

export function rememberSource(channel: GrpcChannel, source: CallSource): void {
  sources.set(channel, source);
}

/** What stubs need of the channel. Throws a TypeError unless it is one of ours. */
export function callSourceOf(channel: GrpcChannel): CallSource {
  const source = sources.get(channel);
  if (source === undefined) {
    throw new TypeError(
      `channel must be what createChannel returned, got ${inspect(channel, { depth: 0 })}`,
    );
  }
  return source;
}
