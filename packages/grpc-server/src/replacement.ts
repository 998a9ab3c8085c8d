let isMarked = false;

/** Says that another process serves the address already, so that nobody need look elsewhere. */
export function markReplaced(): void {
  isMarked = true;
}

/**
 * Whether this process is a worker that another one has taken the place of. Its address is served on,
 * so its health must not say NOT_SERVING: a probe that has just come here would report the address.
 */
export function isReplaced(): boolean {
  return isMarked;
}
