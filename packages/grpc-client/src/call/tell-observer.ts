/** What watches calls must not break them. `whose` is what a warning calls the one who has thrown. */
export function tellObserver(tell: () => void, whose = "an observer"): void {
  try {
    tell();
  } catch (error) {
    process.emitWarning(`${whose} of grpc clients has thrown: ${String(error)}`);
  }
}
