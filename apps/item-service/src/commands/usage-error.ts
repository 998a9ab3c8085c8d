/** A command is called in a way that does not exist. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
