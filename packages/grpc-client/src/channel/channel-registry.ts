import type { ChannelOptions } from "./channel-options.ts";
import type { CloseOptions, GrpcChannel } from "./grpc-channel.ts";
import { createHandle } from "./handle.ts";
import { type ChannelContext, createPool, type Pool } from "./pool.ts";
import { type ResolvedChannelOptions, resolveChannelOptions } from "./resolve-channel-options.ts";
import { type ChannelTarget, resolveTarget } from "./target.ts";

/** The channels of a client. */
export interface ChannelRegistry {
  /** Channels with the same target and options share their connections, until the last is closed. */
  open(target: string | readonly string[], options?: ChannelOptions): GrpcChannel;
  /** Closes them all. */
  close(options?: CloseOptions): Promise<void>;
}

interface SharedPool {
  readonly pool: Pool;
  handles: number;
}

export function createChannelRegistry(context: ChannelContext = {}): ChannelRegistry {
  const pools = new Map<string, SharedPool>();
  const channels = new Set<GrpcChannel>();
  const keyOf = createKeys();

  function shared(key: string, target: ChannelTarget, options: ResolvedChannelOptions): SharedPool {
    let entry = pools.get(key);
    if (entry === undefined) {
      entry = { pool: createPool(target, options, context), handles: 0 };
      pools.set(key, entry);
    }
    return entry;
  }

  return {
    open(target, options = {}) {
      const resolvedTarget = resolveTarget(target);
      const resolved = resolveChannelOptions(options, resolvedTarget.host);
      const key = keyOf(resolvedTarget, resolved);
      const entry = shared(key, resolvedTarget, resolved);
      entry.handles += 1;
      const channel = createHandle(entry.pool, () => {
        channels.delete(channel);
        entry.handles -= 1;
        if (entry.handles === 0) {
          pools.delete(key);
          entry.pool.close();
        }
        if (!Array.from(channels).some(({ target }) => target === channel.target)) {
          context.onTargetClosed?.(channel.target);
        }
      });
      channels.add(channel);
      return channel;
    },
    async close(options) {
      await Promise.all(Array.from(channels, (channel) => channel.close(options)));
    },
  };
}

/** Texts that are the same for the same values, and for the same objects of grpc-js. */
function createKeys(): (target: ChannelTarget, options: ResolvedChannelOptions) => string {
  const numbers = new WeakMap<object, number>();
  let last = 0;
  const numberOf = (value: object): number => {
    const known = numbers.get(value);
    if (known !== undefined) {
      return known;
    }
    last += 1;
    numbers.set(value, last);
    return last;
  };
  return ({ uri }, { security, ...options }) =>
    JSON.stringify([
      uri,
      security.identity.map((value) =>
        typeof value === "object" && value !== null ? numberOf(value) : String(value),
      ),
      { ...options, grpcOptions: Object.entries(options.grpcOptions).sort() },
    ]);
}
