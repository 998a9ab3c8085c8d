import { type Channel, connectivityState, status } from "@grpc/grpc-js";
import type { Connection, OpenCall } from "./call-source.ts";
import type { WatchedCredentials } from "./watched-credentials.ts";

/** Whoever makes calls: each handle of a channel has its own. */
export interface LaneOwner {
  /** One of its lanes has no calls any more. */
  onLaneEmpty(): void;
}

export interface MemberEvents {
  onStateChange(): void;
  /** It has been connecting for too long. */
  onUnresponsive(member: Member): void;
  onClosed(member: Member): void;
}

/** A channel of grpc-js, with a connection of its own to each address. */
export class Member {
  readonly channel: Channel;
  state: connectivityState = connectivityState.IDLE;
  openCalls = 0;
  /** The most calls that it has had at once since this was last set. */
  peakCalls = 0;
  /** How many times it has stopped being ready. */
  losses = 0;
  readonly lanes: Map<LaneOwner, Lane> = new Map();
  readonly #credentials: WatchedCredentials;
  readonly #connectTimeoutMs: number;
  readonly #events: MemberEvents;
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;
  #isClosed = false;

  constructor(
    channel: Channel,
    credentials: WatchedCredentials,
    connectTimeoutMs: number,
    events: MemberEvents,
  ) {
    this.channel = channel;
    this.#credentials = credentials;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#events = events;
    this.#watch();
    this.connect();
  }

  connect(): void {
    this.channel.getConnectivityState(true);
  }

  laneOf(owner: LaneOwner): Lane {
    let lane = this.lanes.get(owner);
    if (lane === undefined) {
      lane = new Lane(this, owner);
      this.lanes.set(owner, lane);
    }
    return lane;
  }

  take(): void {
    this.openCalls += 1;
    if (this.openCalls > this.peakCalls) {
      this.peakCalls = this.openCalls;
    }
  }

  release(): void {
    this.openCalls -= 1;
    if (this.#isDraining && this.openCalls === 0) {
      this.close();
    }
  }

  /** Ends, with UNAVAILABLE, calls that wait for it to be ready. */
  failWaiting(details: string): void {
    for (const lane of this.lanes.values()) {
      lane.failSince(this.losses, details);
    }
  }

  /** Closes it once it has no calls. */
  drain(): void {
    this.#isDraining = true;
    if (this.openCalls === 0) {
      this.close();
    }
  }

  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.channel.close();
    // Time to say goodbye.
    setTimeout(() => this.#credentials.destroySockets(), 1_000).unref();
    this.#events.onClosed(this);
  }

  #watch(): void {
    // Without a deadline, there is no timer to stop.
    this.channel.watchConnectivityState(this.state, Number.POSITIVE_INFINITY, () => {
      const state = this.channel.getConnectivityState(false);
      if (state !== connectivityState.SHUTDOWN) {
        this.#enter(state);
        this.#watch();
      }
    });
  }

  #enter(state: connectivityState): void {
    if (this.state === connectivityState.READY) {
      this.losses += 1;
    }
    this.state = state;
    clearTimeout(this.#timer);
    if (state === connectivityState.CONNECTING) {
      const onTimeout = () => this.#events.onUnresponsive(this);
      this.#timer = setTimeout(onTimeout, this.#connectTimeoutMs).unref();
    }
    this.#events.onStateChange();
  }
}

/** The calls of one owner on one member. */
export class Lane implements Connection {
  readonly channel: Channel;
  /** With what the member's `losses` were when each was opened. */
  readonly #calls = new Map<OpenCall, number>();
  readonly #member: Member;
  readonly #owner: LaneOwner;

  constructor(member: Member, owner: LaneOwner) {
    this.channel = member.channel;
    this.#member = member;
    this.#owner = owner;
  }

  get openCalls(): number {
    return this.#calls.size;
  }

  add(call: OpenCall): void {
    this.#calls.set(call, this.#member.losses);
    this.#member.take();
  }

  failSince(losses: number, details: string): void {
    for (const [call, since] of this.#calls) {
      if (since === losses && call.waitForReady !== true) {
        call.cancelWithStatus(status.UNAVAILABLE, details);
      }
    }
  }

  cancelAll(details: string): void {
    for (const call of this.#calls.keys()) {
      call.cancelWithStatus(status.UNAVAILABLE, details, true);
    }
  }

  end(call: OpenCall): void {
    if (!this.#calls.delete(call)) {
      return;
    }
    this.#member.release();
    if (this.#calls.size === 0) {
      this.#owner.onLaneEmpty();
    }
  }
}
