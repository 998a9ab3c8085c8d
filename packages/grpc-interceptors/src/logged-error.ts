import { redactText, toLogText } from "./log-text.ts";

/** An error as it is logged under `err`. pino's own serialiser makes the same of it. */
export interface LoggedError {
  readonly type: string;
  /** With those of its causes: "cannot save: connection reset". */
  readonly message: string;
  readonly stack?: string;
}

const maxCauses = 16;
const maxFrames = 10;

/**
 * What can be logged of whatever was thrown: names, messages and, if wanted, stacks, causes included.
 * Nothing else: the properties of an error may hold the request that failed, headers and all.
 */
export function toLoggedError(error: unknown, { stack }: { stack: boolean }): LoggedError {
  const chain = causesOf(error);
  const type = typeOf(chain[0]);
  const message = toLogText(redactText(chain.map(messageOf).join(": ")));
  // pino takes `name` for the type of what has no constructor, and shows all that can be enumerated.
  const logged = Object.create(null, { name: { value: type } });
  return Object.assign(logged, { type, message }, stack && { stack: stackOf(chain) });
}

function causesOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [error];
  let cause = read(error, "cause");
  while (cause !== undefined && !chain.includes(cause) && chain.length < maxCauses) {
    chain.push(cause);
    cause = read(cause, "cause");
  }
  return chain;
}

function stackOf(chain: readonly unknown[]): string {
  return chain.map((error) => [headOf(error), ...framesOf(error)].join("\n")).join("\ncaused by: ");
}

function headOf(error: unknown): string {
  return `${typeOf(error)}: ${toLogText(redactText(messageOf(error)), 256)}`;
}

/** Without the message, which may look like anything. */
function framesOf(error: unknown): readonly string[] {
  const stack = read(error, "stack");
  if (typeof stack !== "string") {
    return [];
  }
  const message = messageOf(error);
  const start = stack.indexOf(message);
  return stack
    .slice(start < 0 ? 0 : start + message.length, 65_536)
    .split("\n")
    .filter((line) => /^ {4}at /.test(line))
    .slice(0, maxFrames)
    .map((line) => toLogText(redactText(line), 512));
}

function typeOf(error: unknown): string {
  const name = read(error, "name");
  return typeof name === "string" && /^[\w$.]{1,64}$/.test(name) ? name : typeof error;
}

function messageOf(error: unknown): string {
  if (typeof error !== "object" && typeof error !== "function") {
    return String(error);
  }
  const message = read(error, "message");
  return typeof message === "string" ? message : "";
}

// A proxy may throw at any question.
function read(error: unknown, key: "cause" | "name" | "message" | "stack"): unknown {
  try {
    return typeof error === "object" && error !== null
      ? (error as Partial<Record<typeof key, unknown>>)[key]
      : undefined;
  } catch {
    return undefined;
  }
}
