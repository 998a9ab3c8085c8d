import { Channel, connectivityState } from "@grpc/grpc-js";
import { tellObserver } from "../call/tell-observer.ts";
import type { ClientObserver, ConnectionsChange } from "../client-options.ts";
import { addressListenerOption, watchedLoadBalancing } from "../retry/attempt-balancer.ts";
import type { RetryThrottling } from "../retry/retry-policy.ts";
import { toServiceConfig } from "../retry/service-config.ts";
import { isSamePolicy } from "../retry/service-policy.ts";
import type { ServicePolicy } from "./call-source.ts";
import { Member, type MemberEvents } from "./member.ts";
import type { ResolvedChannelOptions } from "./resolve-channel-options.ts";
import type { ChannelTarget } from "./target.ts";
import { WatchedCredentials } from "./watched-credentials.ts";

/** What a channel has of the client that it is part of. */
export interface ChannelContext {
  readonly observer?: ClientObserver | undefined;
  /** Undefined: retries never stop. */
  readonly throttling?: RetryThrottling | undefined;
  /** Told when the last channel to a target is closed. */
  readonly onTargetClosed?: ((target: string) => void) | undefined;
}

/** The connections to one target. */
export interface Pool {
  readonly target: string;
  readonly takesCredentials: boolean;
  readonly state: connectivityState;
  /** Those that take calls. */
  readonly connections: number;
  /** All members, those that only end their calls among them. */
  members(): Iterable<Member>;
  addService(policy: ServicePolicy): void;
  /** The member for another call. */
  pick(): Member;
  /** Makes it connect, unless it has or does already. */
  connect(): void;
  /** Calls `onChange` after each change of state, until what is returned is called. */
  watch(onChange: () => void): () => void;
  /** Calls all that watch. */
  tellWatchers(): void;
  close(): void;
}

export function createPool(
  target: ChannelTarget,
  options: ResolvedChannelOptions,
  context: ChannelContext,
): Pool {
  const { security, pool: limits, connectTimeoutMs, reconnectBackoff } = options;
  const loadBalancing = watchedLoadBalancing(options.loadBalancing);
  const policies = new Map<string, ServicePolicy>();
  const watchers = new Set<() => void>();
  const active: Member[] = [];
  const draining = new Set<Member>();
  let shrinkTimer: NodeJS.Timeout | undefined;
  // How many calls a member takes, and with how many another is wanted.
  let capacity = limits.maxStreamsPerConnection;
  let enough = enoughOf(capacity);
  let isClosed = false;

  const events: MemberEvents = {
    onStateChange: tellWatchers,
    onUnresponsive(member) {
      retire(member, "unresponsive");
      member.failWaiting(`no connection to ${target.name} within ${connectTimeoutMs} ms`);
    },
    onClosed: (member) => draining.delete(member),
  };
  const addressListener = {
    onAddresses(count: number) {
      capacity =
        limits.maxStreamsPerConnection * (options.usesAllAddresses ? Math.max(count, 1) : 1);
      enough = enoughOf(capacity);
    },
  };

  function tellWatchers(): void {
    for (const watcher of watchers) {
      // Later, since grpc-js may be in the middle of it.
      queueMicrotask(watcher);
    }
  }

  function add(): Member {
    const config = toServiceConfig({
      policies: policies.values(),
      loadBalancing,
      throttling: context.throttling,
    });
    // Before the member itself is given up, since grpc-js knows what to do about one address that fails.
    const credentials = new WatchedCredentials(security.credentials, connectTimeoutMs * 0.9);
    const channel = new Channel(target.uri, credentials, {
      ...options.grpcOptions,
      "grpc.service_config": JSON.stringify(config),
      // grpc-js varies its second delay and those after it, and clients that lost the same server at
      // the same moment would come back together.
      "grpc.initial_reconnect_backoff_ms": Math.ceil(
        reconnectBackoff.initialMs * (0.5 + Math.random()),
      ),
      [addressListenerOption]: addressListener,
    });
    const member = new Member(channel, credentials, connectTimeoutMs, events);
    active.push(member);
    shrinkLater();
    tell("busy");
    return member;
  }

  function retire(member: Member, reason: ConnectionsChange["reason"]): void {
    const index = active.indexOf(member);
    if (index >= 0) {
      active.splice(index, 1);
      draining.add(member);
      tell(reason);
      member.drain();
      // Whoever waits for a connection has to make another.
      tellWatchers();
    }
  }

  function retireAll(reason: ConnectionsChange["reason"]): void {
    for (const member of [...active]) {
      retire(member, reason);
    }
  }

  function shrinkLater(): void {
    if (active.length > 1 && shrinkTimer === undefined) {
      shrinkTimer = setTimeout(shrink, limits.idleMs).unref();
    }
  }

  function shrink(): void {
    shrinkTimer = undefined;
    const peak = active.reduce((calls, { peakCalls }) => calls + peakCalls, 0);
    const needed = Math.max(1, Math.ceil(peak / enough));
    const byCalls = [...active].sort((one, other) => one.openCalls - other.openCalls);
    for (const member of byCalls.slice(0, Math.max(0, active.length - needed))) {
      retire(member, "idle");
    }
    for (const member of active) {
      member.peakCalls = member.openCalls;
    }
    shrinkLater();
  }

  function tell(reason: ConnectionsChange["reason"]): void {
    const { observer } = context;
    if (observer?.onConnectionsChange !== undefined) {
      const change = { target: target.name, connections: active.length, reason };
      tellObserver(() => observer.onConnectionsChange?.(change));
    }
  }

  return {
    target: target.name,
    takesCredentials: security.credentials._isSecure() || target.isLocal,
    get state() {
      return isClosed ? connectivityState.SHUTDOWN : bestState(active);
    },
    get connections() {
      return active.length;
    },
    *members() {
      yield* active;
      yield* draining;
    },
    addService(policy) {
      const known = policies.get(policy.service);
      if (known === undefined) {
        policies.set(policy.service, policy);
        if (policy.methodConfigs.length > 0) {
          retireAll("reconfigured");
        }
      } else if (!isSamePolicy(known, policy)) {
        throw new TypeError(
          `methods must be the same for all stubs of ${policy.service} on channels that share connections; give one of them a channel with another option`,
        );
      }
    },
    pick() {
      const best = bestMember(active, capacity);
      if (best !== undefined && best.openCalls < enough) {
        return best;
      }
      const hasSpare = active.some(({ openCalls }) => openCalls < enough);
      if (best !== undefined && (hasSpare || active.length >= limits.maxConnections)) {
        return best;
      }
      const added = add();
      return best?.state === connectivityState.READY && best.openCalls < capacity ? best : added;
    },
    connect() {
      if (active.length === 0) {
        add();
      }
      for (const member of active) {
        if (member.state === connectivityState.IDLE) {
          member.connect();
        }
      }
    },
    watch(onChange) {
      watchers.add(onChange);
      return () => watchers.delete(onChange);
    },
    tellWatchers,
    close() {
      isClosed = true;
      clearTimeout(shrinkTimer);
      retireAll("closed");
      for (const member of draining) {
        member.close();
      }
    },
  };
}

function enoughOf(capacity: number): number {
  return Math.ceil(capacity * 0.8);
}

/**
 * The one with the fewest calls of those that are ready; those that may soon be if these are full; and
 * last those that fail.
 */
function bestMember(members: readonly Member[], capacity: number): Member | undefined {
  let best: Member | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const member of members) {
    const rank = rankOf(member, capacity) * 2 ** 32 + member.openCalls;
    if (rank < bestRank) {
      best = member;
      bestRank = rank;
    }
  }
  return best;
}

function rankOf({ state, openCalls }: Member, capacity: number): number {
  if (state === connectivityState.TRANSIENT_FAILURE) {
    return 3;
  }
  if (openCalls >= capacity) {
    return 2;
  }
  return state === connectivityState.READY ? 0 : 1;
}

function bestState(members: readonly Member[]): connectivityState {
  const { READY, CONNECTING, IDLE } = connectivityState;
  const states = members.map(({ state }) => state);
  return [READY, CONNECTING, IDLE].find((state) => states.includes(state)) ?? states[0] ?? IDLE;
}
