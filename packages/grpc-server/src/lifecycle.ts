import { checkDelay } from "./check-option.ts";
import type { ServerAddress } from "./listener.ts";
import { atMost, Patience } from "./patience.ts";
import type { ServerEvents, ServerPhase } from "./server-events.ts";

export interface StopOptions {
  /** Milliseconds that running calls have to end before they are cut. Default: 5_000. */
  readonly graceMs?: number;
  /**
   * Milliseconds to go on serving while load balancers learn, by the health service, that the server
   * is about to stop. Default: 0; `runUntilSignal` waits for 5_000.
   */
  readonly drainDelayMs?: number;
}

/** What a server does at each step of its life. */
export interface Steps {
  open(): Promise<ServerAddress>;
  /** Takes no more calls. */
  drain(): Promise<void>;
  /** Settles when no call runs and no connection is open. */
  idle(): Promise<void>;
  /** Cuts what is left; gives the number of calls that were cut. */
  cut(): Promise<number>;
  close(): void;
}

interface Cleanup {
  readonly name: string;
  readonly close: () => unknown;
}

// One that hangs must not keep the process.
const maxCleanupMs = 5_000;

/** Goes through the phases of a server, each once and in order. */
export class Lifecycle {
  readonly #steps: Steps;
  readonly #events: ServerEvents;
  readonly #cleanups: Cleanup[] = [];
  readonly #patience = new Patience();
  #phase: ServerPhase = "created";
  #phaseBegan: number = performance.now();
  #started: Promise<ServerAddress> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(steps: Steps, events: ServerEvents) {
    this.#steps = steps;
    this.#events = events;
  }

  get phase(): ServerPhase {
    return this.#phase;
  }

  /** Runs `close` when the server has stopped; the last one added runs first. */
  addCleanup(name: string, close: () => unknown): void {
    this.#cleanups.push({ name, close });
  }

  start(): Promise<ServerAddress> {
    if (this.#stopped !== undefined) {
      return Promise.reject(new Error("server has been stopped; create another"));
    }
    this.#started ??= this.#start();
    return this.#started;
  }

  async stop({ graceMs = 5_000, drainDelayMs = 0 }: StopOptions = {}): Promise<void> {
    checkDelay("graceMs", graceMs);
    checkDelay("drainDelayMs", drainDelayMs);
    checkDelay("graceMs and drainDelayMs together", graceMs + drainDelayMs);
    // The second of two calls may be the more impatient one, and wins.
    this.#patience.endIn(graceMs + drainDelayMs);
    this.#stopped ??= this.#stop(drainDelayMs);
    await this.#stopped;
  }

  async #start(): Promise<ServerAddress> {
    this.#enter("starting");
    try {
      const address = await this.#steps.open();
      if (this.#stopped === undefined) {
        this.#enter("serving");
      }
      return address;
    } catch (error) {
      this.#started = undefined;
      this.#enter("created");
      throw error;
    }
  }

  async #stop(drainDelayMs: number): Promise<void> {
    const { over } = this.#patience;
    await this.#started?.catch(() => {});
    if (this.#started !== undefined) {
      this.#enter("leaving");
      await atMost(drainDelayMs, over);
      this.#enter("draining");
      await Promise.race([this.#steps.drain(), over]);
      await Promise.race([this.#steps.idle(), over]);
    }
    this.#enter("closing");
    const calls = await this.#steps.cut();
    if (calls > 0) {
      this.#events.emit({ type: "calls_cut", calls });
    }
    this.#steps.close();
    this.#patience.stop();
    const errors = await this.#cleanUp();
    this.#enter("stopped");
    if (errors.length > 0) {
      throw new AggregateError(errors, "the server has stopped, but what it used was not closed");
    }
  }

  async #cleanUp(): Promise<readonly unknown[]> {
    const errors: unknown[] = [];
    for (const { name, close } of this.#cleanups.splice(0).reverse()) {
      try {
        let isDone = false;
        const closed = (async () => close())().then(() => {
          isDone = true;
        });
        closed.catch(() => {});
        await atMost(maxCleanupMs, closed);
        if (!isDone) {
          throw new Error(`${name} did not close within ${maxCleanupMs} ms`);
        }
      } catch (error) {
        errors.push(error);
        this.#events.emit({ type: "cleanup_failed", name, error });
      }
    }
    return errors;
  }

  #enter(phase: ServerPhase): void {
    const now = performance.now();
    const durationMs = now - this.#phaseBegan;
    this.#phase = phase;
    this.#phaseBegan = now;
    this.#events.emit({ type: "phase", phase, durationMs });
  }
}
