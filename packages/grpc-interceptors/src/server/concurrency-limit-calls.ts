import { status } from "@grpc/grpc-js";
import type { AdaptiveLimit } from "./adaptive-limit.ts";
import type { CallHook, CallOutcome, CallStatus } from "./call-hook.ts";
import type { TypicalLatency } from "./concurrency-limit-latency.ts";

/** How many calls run. */
export interface Running {
  count: number;
}

/** Counts a stream until it has closed. */
export class AdmittedStream implements CallHook {
  readonly #running: Running;

  constructor(running: Running) {
    running.count += 1;
    this.#running = running;
  }

  onEnd(): void {
    this.#running.count -= 1;
  }
}

/** Counts a unary call until its stream has closed, and measures how long its answer takes. */
export class AdmittedUnary implements CallHook {
  readonly #running: Running;
  readonly #inFlight: number;
  readonly #latency: TypicalLatency;
  readonly #adaptive: AdaptiveLimit | undefined;
  #requestedAt: number | undefined;
  #answeredAt: number | undefined;

  constructor(running: Running, latency: TypicalLatency, adaptive: AdaptiveLimit | undefined) {
    running.count += 1;
    this.#running = running;
    this.#inFlight = running.count;
    this.#latency = latency;
    this.#adaptive = adaptive;
  }

  onMessage(): void {
    this.#requestedAt = performance.now();
  }

  onSendStatus(sent: CallStatus): CallStatus {
    this.#answeredAt = performance.now();
    return sent;
  }

  onEnd({ code, endedAt: closedAt }: CallOutcome): void {
    this.#running.count -= 1;
    // How long a request is on its way is its caller's affair, and so is reading the answer.
    if (this.#requestedAt === undefined) {
      return;
    }
    const endedAt = this.#answeredAt ?? closedAt;
    const durationMs = endedAt - this.#requestedAt;
    const isComplete = code === status.OK;
    if (isComplete || code === status.DEADLINE_EXCEEDED) {
      this.#latency.add(durationMs);
    }
    this.#adaptive?.add({ durationMs, inFlight: this.#inFlight, isComplete, endedAt });
  }
}
