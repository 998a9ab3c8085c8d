import { inspect } from "node:util";
import { connectivityState, Metadata, status } from "@grpc/grpc-js";
import { GrpcCallError } from "@grpc-kit/grpc-status";
import { maxTimerMs } from "../check-option.ts";
import { rememberSource } from "./call-source-of.ts";
import type { ChannelState, GrpcChannel } from "./grpc-channel.ts";
import type { Lane, LaneOwner } from "./member.ts";
import type { Pool } from "./pool.ts";

/** A channel with calls of its own on the connections of a pool. `onClosed` is called once. */
export function createHandle(pool: Pool, onClosed: () => void): GrpcChannel {
  let closed: Promise<void> | undefined;
  let onEmpty: (() => void) | undefined;
  let patience: NodeJS.Timeout | undefined;
  let closesAt = Number.POSITIVE_INFINITY;
  const owner: LaneOwner = {
    onLaneEmpty() {
      if (onEmpty !== undefined && openCalls() === 0) {
        onEmpty();
      }
    },
  };

  function lanes(): Lane[] {
    return Array.from(pool.members()).flatMap(({ lanes }) => lanes.get(owner) ?? []);
  }

  function openCalls(): number {
    return lanes().reduce((calls, lane) => calls + lane.openCalls, 0);
  }

  // Whoever closes once more may have less patience.
  function waitNoLongerThan(graceMs: number): void {
    closesAt = Math.min(closesAt, performance.now() + graceMs);
    if (onEmpty !== undefined) {
      clearTimeout(patience);
      const leftMs = Math.max(closesAt - performance.now(), 0);
      patience = setTimeout(onEmpty, Math.min(leftMs, maxTimerMs));
    }
  }

  async function close(): Promise<void> {
    pool.tellWatchers();
    if (openCalls() > 0) {
      await new Promise<void>((resolve) => {
        onEmpty = resolve;
        waitNoLongerThan(Number.POSITIVE_INFINITY);
      });
      clearTimeout(patience);
      for (const lane of lanes()) {
        lane.cancelAll(`the channel to ${pool.target} is closed`);
      }
    }
    for (const member of pool.members()) {
      member.lanes.delete(owner);
    }
    onClosed();
  }

  const channel: GrpcChannel = {
    target: pool.target,
    get state() {
      const state = closed === undefined ? pool.state : connectivityState.SHUTDOWN;
      return connectivityState[state] as ChannelState;
    },
    get connections() {
      return closed === undefined ? pool.connections : 0;
    },
    get openCalls() {
      return openCalls();
    },
    async waitForReady({ timeoutMs = 20_000, signal } = {}) {
      if (!(timeoutMs > 0)) {
        throw new RangeError(`timeoutMs must be a number above 0, got ${inspect(timeoutMs)}`);
      }
      return waitForReady(pool, () => closed !== undefined, timeoutMs, signal);
    },
    close({ graceMs } = {}) {
      waitNoLongerThan(graceMs ?? (closed === undefined ? 5_000 : Number.POSITIVE_INFINITY));
      // Later, so that whoever is told of it finds it closed.
      closed ??= Promise.resolve().then(close);
      return closed;
    },
  };
  rememberSource(channel, {
    target: pool.target,
    takesCredentials: pool.takesCredentials,
    addService: (policy) => pool.addService(policy),
    open(call) {
      if (closed !== undefined) {
        return undefined;
      }
      const lane = pool.pick().laneOf(owner);
      lane.add(call);
      return lane;
    },
  });
  return channel;
}

function waitForReady(
  pool: Pool,
  isClosed: () => boolean,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (code: status, details: string, cause?: unknown) => {
      stop();
      reject(new GrpcCallError({ code, details, metadata: new Metadata() }, { cause }));
    };
    const onAbort = () => fail(status.CANCELLED, "cancelled by the caller", signal?.reason);
    const onTimeout = () => {
      const state = connectivityState[pool.state];
      const details = `no connection to ${pool.target} within ${timeoutMs} ms, it is ${state}`;
      fail(status.UNAVAILABLE, details);
    };
    const timer = setTimeout(onTimeout, Math.min(timeoutMs, maxTimerMs));
    const check = () => {
      if (isClosed()) {
        fail(status.UNAVAILABLE, `the channel to ${pool.target} is closed`);
      } else if (pool.state === connectivityState.READY) {
        stop();
        resolve();
      } else {
        pool.connect();
      }
    };
    const unwatch = pool.watch(check);
    const stop = () => {
      clearTimeout(timer);
      unwatch();
      signal?.removeEventListener("abort", onAbort);
    };
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted === true) {
      onAbort();
    } else {
      check();
    }
  });
}
