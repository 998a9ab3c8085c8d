const tickMs = 20;
// What is left of a limit however late the loop is: a server that takes nothing never recovers.
const leastShare = 1 / 64;

/**
 * How much of its limits a process should use, by how late its event loop is. Each time that the loop has
 * been too late, the share is halved, and each time that it has not, doubled.
 *
 * It has a timer of its own, since `monitorEventLoopDelay` loses the first delay after each reset, which
 * under load is the one that counts.
 */
export class LoopPressure {
  readonly #maxDelayMs: number;
  readonly #everyMs: number;
  readonly #timer: NodeJS.Timeout;
  #tickedAt: number = performance.now();
  #lookAt: number;
  #worstMs = 0;
  #delayMs = 0;
  #share = 1;

  constructor(maxDelayMs: number, everyMs = 1_000) {
    this.#maxDelayMs = maxDelayMs;
    this.#everyMs = everyMs;
    this.#lookAt = this.#tickedAt + everyMs;
    this.#timer = setInterval(() => this.#tick(), tickMs).unref();
  }

  /** From 1, for all, down to 1/64. */
  get share(): number {
    return this.#share;
  }

  /** How late the loop has been at worst, in milliseconds, when that was last looked at. */
  get delayMs(): number {
    return this.#delayMs;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    this.#worstMs = Math.max(this.#worstMs, now - this.#tickedAt - tickMs);
    this.#tickedAt = now;
    if (now < this.#lookAt) {
      return;
    }
    this.#lookAt = now + this.#everyMs;
    this.#delayMs = this.#worstMs;
    this.#worstMs = 0;
    this.#share =
      this.#delayMs > this.#maxDelayMs
        ? Math.max(leastShare, this.#share / 2)
        : Math.min(1, this.#share * 2);
  }
}
