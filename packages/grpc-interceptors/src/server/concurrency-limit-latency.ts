// So few say nothing of a method.
const minSamples = 50;

/**
 * The median of how long the calls of a method take, without keeping any: each one moves the estimate a
 * step towards itself. https://arxiv.org/abs/1407.1121 (frugal streaming)
 */
export class TypicalLatency {
  #samples = 0;
  #medianMs = 0;

  /** Milliseconds; 0 while too little is known. */
  get ms(): number {
    return this.#samples < minSamples ? 0 : this.#medianMs;
  }

  add(durationMs: number): void {
    this.#samples += 1;
    const step = Math.max(0.05, this.#medianMs * 0.05);
    if (durationMs > this.#medianMs) {
      this.#medianMs += step;
    } else if (durationMs < this.#medianMs) {
      this.#medianMs = Math.max(0, this.#medianMs - step);
    }
  }
}
