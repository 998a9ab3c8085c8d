interface Event {
  readonly isMessage: boolean;
  deliver(): void;
}

/**
 * What one side of a call tells the other, in order, and never before the teller has gone on. A message
 * waits until it is asked for, and all that comes after it waits with it.
 */
export class EventQueue {
  readonly #events: Event[] = [];
  #wanted = 0;
  #isScheduled = false;

  tell(deliver: () => void): void {
    this.#events.push({ isMessage: false, deliver });
    this.#schedule();
  }

  tellMessage(deliver: () => void): void {
    this.#events.push({ isMessage: true, deliver });
    this.#schedule();
  }

  /** Asks for one message. */
  ask(): void {
    this.#wanted += 1;
    this.#schedule();
  }

  /** Forgets what has not been delivered. */
  clear(): void {
    this.#events.length = 0;
  }

  // Not by a timer or setImmediate, which a test may have faked.
  #schedule(): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      process.nextTick(() => this.#deliver());
    }
  }

  #deliver(): void {
    this.#isScheduled = false;
    const event = this.#events[0];
    if (event === undefined || (event.isMessage && this.#wanted === 0)) {
      return;
    }
    this.#events.shift();
    if (event.isMessage) {
      this.#wanted -= 1;
    }
    this.#schedule();
    event.deliver();
  }
}
