import { isIPv6 } from "node:net";
import type { ConnectionLimits } from "./connection-options.ts";
import type { ConnectionRefusal } from "./server-events.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What one address has used of its share. */
export interface Peer {
  readonly name: string;
  connections: number;
  /** Its calls that hold a place, on all its connections. */
  running: number;
  readonly connects: TokenBucket;
  readonly resets: TokenBucket;
}

// An attacker with many addresses must not fill the memory; those beyond share one budget.
const maxPeers = 10_000;

/** Counts what each address does, so that none takes the share of all. */
export class Peers {
  readonly #limits: ConnectionLimits;
  readonly #now: () => number;
  readonly #byName = new Map<string, Peer>();
  /** Who has used its budget up must wait for a part of it, or would be back with one reset. */
  readonly #resetsToConnect: number;
  #connections = 0;

  constructor(limits: ConnectionLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
    this.#resetsToConnect = Math.max(1, limits.resetBudget.burst / 10);
  }

  /** Counts a connection from `address`, or says why it must be refused. */
  connect(address: string | undefined): Peer | ConnectionRefusal {
    const peer = this.#find(address);
    if (this.#connections >= this.#limits.max) {
      return "too_many_connections";
    }
    // A Unix socket has no addresses to tell its peers apart by.
    if (address !== undefined) {
      const now = this.#now();
      if (peer.connections >= this.#limits.maxPerPeer) {
        return "too_many_connections_of_peer";
      }
      if (!peer.resets.has(this.#resetsToConnect, now)) {
        return "reset_budget";
      }
      if (!peer.connects.take(now)) {
        return "connection_rate";
      }
    }
    this.#connections += 1;
    peer.connections += 1;
    return peer;
  }

  disconnect(peer: Peer): void {
    this.#connections -= 1;
    peer.connections -= 1;
  }

  /** Counts a stream that ended with a reset. False once the peer has used up its budget. */
  reset(peer: Peer): boolean {
    return peer.resets.take(this.#now());
  }

  /** Forgets the peers of which there is nothing to remember. */
  prune(): void {
    const now = this.#now();
    for (const [name, peer] of this.#byName) {
      if (peer.connections === 0 && peer.connects.isFull(now) && peer.resets.isFull(now)) {
        this.#byName.delete(name);
      }
    }
  }

  #find(address: string | undefined): Peer {
    let name = peerName(address);
    if (!this.#byName.has(name) && this.#byName.size >= maxPeers) {
      name = "others";
    }
    let peer = this.#byName.get(name);
    if (peer === undefined) {
      const now = this.#now();
      const { maxPerPeer, ratePerPeer, resetBudget } = this.#limits;
      peer = {
        name,
        connections: 0,
        running: 0,
        connects: new TokenBucket(maxPerPeer, ratePerPeer, now),
        resets: new TokenBucket(resetBudget.burst, resetBudget.perSecond, now),
      };
      this.#byName.set(name, peer);
    }
    return peer;
  }
}

/**
 * Whose budget an address draws on. One that has an IPv6 address has 2^64 of them:
 * https://www.rfc-editor.org/rfc/rfc6177
 */
export function peerName(address: string | undefined): string {
  if (address === undefined) {
    return "unix";
  }
  const mapped = address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
  if (!isIPv6(mapped)) {
    return mapped;
  }
  const [head = "", tail] = mapped.replace(/%.*$/, "").split("::");
  const groups = head === "" ? [] : head.split(":");
  const tailGroups = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - groups.length - tailGroups.length;
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill("0"), ...tailGroups];
  return `${all.slice(0, 4).join(":")}::/64`;
}
