import type { Metrics } from "./metrics.ts";
import type { ProcessState } from "./process-state.ts";

export interface ServiceOptions {
  /** Goes over all else. It listens on free ports of 127.0.0.1, and does not wait when it is told to stop. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it is for this row alone. Default: false. */
  readonly own?: boolean;
  /** When the service is there: once it listens, or once it says that it is SERVING. Default: "serving". */
  readonly until?: "listening" | "serving";
  /** What callers trust and are, if `env` has it serve by TLS. */
  readonly tls?: CallerTls;
}

/** Files in PEM. */
export interface CallerTls {
  readonly caFile: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** item-service as it is built, in a process of its own. */
export interface Service {
  /** As in "127.0.0.1:34567". */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** As in "http://127.0.0.1:34568". */
  readonly adminUrl: string;
  readonly pid: number;
  /** Its keys, and its items if DATABASE_URL does not say otherwise. */
  readonly dataFolder: string;
  readonly tls: CallerTls | undefined;
  /** A token that it takes, if its keys are those of development. Default scopes: "items:read items:write". */
  token(scopes?: string): string;
  /** How its process is. Rejects when it has ended. */
  probe(): Promise<ProcessState>;
  /** Forgets the peaks, and tells how the process is then. */
  resetPeaks(): Promise<ProcessState>;
  /** Collects the garbage, and tells how the process is then. */
  collectGarbage(): Promise<ProcessState>;
  metrics(): Promise<Metrics>;
  /** What it has written to stdout and stderr, the last 32 million characters of it; since `outputLength()` was `from`. */
  output(from?: number): string;
  outputLength(): number;
  /** Whether the process is still there. */
  readonly isRunning: boolean;
  /** Whether the row has stopped or killed it, so that nobody expects it to live. */
  readonly isDismissed: boolean;
  kill(signal: NodeJS.Signals): void;
  /** Sends SIGTERM if it still runs, and resolves with its exit code: null if a signal has killed it. */
  stop(): Promise<number | null>;
}
