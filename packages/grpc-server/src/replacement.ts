let isReplaced = false;

/** Says that another process serves the address already, so that nobody need look elsewhere. */
export function markReplaced(): void {
  isReplaced = true;
}

export function isMarkedReplaced(): boolean {
  return isReplaced;
}
