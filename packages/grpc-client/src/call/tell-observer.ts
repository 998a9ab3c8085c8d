/** What watches calls must not break them. */
export function tellObserver(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    process.emitWarning(`an observer of grpc clients has thrown: ${String(error)}`);
  }
}
