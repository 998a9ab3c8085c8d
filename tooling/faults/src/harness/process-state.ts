/** What a process tells of itself. Sizes are in bytes. */
export interface ProcessState {
  readonly rss: number;
  /** The most since `resetPeaks`. */
  readonly peakRss: number;
  readonly heapUsed: number;
  readonly external: number;
  /** Since it started: user and system. */
  readonly cpuMicroseconds: number;
  /** How long its main thread has run, and has waited for a processor that others had; 0 where it is not told. */
  readonly ranMs: number;
  readonly waitedMs: number;
  /** The longest that its event loop has been held up since `resetPeaks`. */
  readonly maxEventLoopDelayMs: number;
  /** Handlers that have not settled, by its own gauge, and the most of them since `resetPeaks`. */
  readonly handlersRunning: number;
  readonly peakHandlersRunning: number;
  /** TCP sockets that are open, its own to others included. */
  readonly openSockets: number;
  /** Everything that is open and keeps it alive, by kind: sockets, timers, watchers. */
  readonly resources: Readonly<Record<string, number>>;
  /** Open files and sockets; undefined where the system does not tell. */
  readonly fds: number | undefined;
  /** Errors that nobody has caught, rejections included. */
  readonly uncaught: number;
}

/** What the probe is asked, and how it answers. */
export type ProbeCommand = "state" | "reset-peaks" | "collect-garbage";

export interface ProbeRequest {
  readonly probe: ProbeCommand;
  readonly id: number;
}

export interface ProbeReply {
  readonly probeId: number;
  readonly state: ProcessState;
}
