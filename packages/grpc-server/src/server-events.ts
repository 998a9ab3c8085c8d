import type { CallRefusal } from "./call-refusals.ts";

/** Where a server is in its life. Each phase comes once, in this order. */
export type ServerPhase =
  /** It has not been started. */
  | "created"
  | "starting"
  /** It takes calls. */
  | "serving"
  /** It still takes calls, and those who watch its health learn that it is about to stop. */
  | "leaving"
  /** It takes no more calls; the running ones may end. */
  | "draining"
  /** What outlasted the grace has been cut; what was open for the calls is being closed. */
  | "closing"
  | "stopped";

/** Why a connection was refused or cut. */
export type ConnectionRefusal =
  | "too_many_connections"
  | "too_many_connections_of_peer"
  | "connection_rate"
  | "reset_budget"
  | "handshake_timeout"
  | "not_http2"
  | "tls"
  | "no_alpn"
  | "flood";

/** Something that a server refused, with the name of its counter in `stats.refused`. */
export type Refusal = ConnectionRefusal | CallRefusal | "send_stall" | "stream_idle";

/** How many times each kind of refusal has happened since the server was made. */
export type RefusalCounts = Readonly<Partial<Record<Refusal, number>>>;

export interface ServerStats {
  readonly phase: ServerPhase;
  /** Open connections, also those that have not finished their handshake. */
  readonly connections: number;
  /** Epoch milliseconds until which the certificate in use is valid; undefined before `start`, and without TLS. */
  readonly certificateExpiresAt: number | undefined;
  /** Running handlers, until each has settled, whatever became of its call. */
  readonly inFlight: number;
  /** How many handlers may run at once: `maxConcurrentRpcs`. */
  readonly maxInFlight: number;
  /** Calls that wait for a handler. */
  readonly queued: number;
  readonly refused: RefusalCounts;
}

/** What a server tells of itself, for logs and for whoever must act on it. */
export type ServerEvent =
  /** A phase has begun; the one before it took `durationMs`. */
  | { readonly type: "phase"; readonly phase: ServerPhase; readonly durationMs: number }
  | { readonly type: "refused"; readonly refusal: Refusal; readonly peer: string }
  /** The admin services are served here. */
  | { readonly type: "admin_listening"; readonly host: string; readonly port: number }
  | { readonly type: "tls_reloaded" }
  /** The files are missing or wrong; the certificate that was read before them stays. */
  | { readonly type: "tls_reload_failed"; readonly error: unknown }
  /** `stop` cut this many calls at the end of the grace. */
  | { readonly type: "calls_cut"; readonly calls: number }
  | { readonly type: "cleanup_failed"; readonly name: string; readonly error: unknown };

export type ServerEventListener = (event: ServerEvent) => void;

/** Counts refusals and tells of them. */
export interface Refusals {
  readonly counts: RefusalCounts;
  add(refusal: Refusal, peer: string): void;
}

/** The listeners of one server. What a listener throws is written to stderr and harms nothing. */
export class ServerEvents implements Refusals {
  readonly #listeners = new Set<ServerEventListener>();
  readonly counts: Partial<Record<Refusal, number>> = {};

  subscribe(listener: ServerEventListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(event: ServerEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        process.stderr.write(`a listener for server events has thrown: ${String(error)}\n`);
      }
    }
  }

  add(refusal: Refusal, peer: string): void {
    this.counts[refusal] = (this.counts[refusal] ?? 0) + 1;
    if (this.#listeners.size > 0) {
      this.emit({ type: "refused", refusal, peer });
    }
  }
}
