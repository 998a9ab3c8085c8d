import { stripVTControlCharacters, styleText } from "node:util";
import type { CallOptions, CallStatus } from "@grpc-kit/grpc-client";
import { toCallError } from "@grpc-kit/grpc-status";

/** What is shown of a call besides how it went. */
export interface ShownCall<Reply> {
  readonly method: string;
  readonly kind: string;
  readonly sent: readonly (object | string)[];
  /** What it got. */
  readonly got: (reply: Reply, status: CallStatus) => readonly (object | string)[];
}

/** Makes a call and prints it: its method, how it went, what it sent (→) and what it got (←). */
export async function show<Reply>(
  call: (options: CallOptions) => Promise<Reply>,
  { method, kind, sent, got }: ShownCall<Reply>,
): Promise<Reply> {
  const startMs = performance.now();
  const ended = Promise.withResolvers<CallStatus>();
  const reply = await call({ onStatus: ended.resolve });
  const ms = performance.now() - startMs;
  const status = await ended.promise;
  const attempts = `${status.attempts} attempt${status.attempts === 1 ? "" : "s"}`;
  const arrow = (sign: string, lines: readonly (object | string)[]): string[] =>
    lines.map((line) => `  ${sign} ${typeof line === "string" ? line : describe(line)}`);
  const lines = [
    `${styleText("bold", method.padEnd(17))}${kind.padEnd(15)}${ms.toFixed(1)} ms, ${attempts}`,
    ...arrow(styleText("cyan", "→"), sent),
    ...arrow(styleText("green", "←"), got(reply, status)),
  ];
  process.stdout.write(`${lines.map(fit).join("\n")}\n\n`);
  return reply;
}

// A line that wraps hides where the next begins. What is not a terminal gets all of it.
function fit(line: string): string {
  const { columns = Number.POSITIVE_INFINITY } = process.stdout;
  const colours = line.length - stripVTControlCharacters(line).length;
  return line.length - colours <= columns ? line : `${line.slice(0, columns + colours - 1)}…`;
}

/** The fields of a message that say something, on one line: `name "Desk lamp", quantity 10`. */
export function describe(message: object): string {
  const fields = Object.entries(message).filter(([, value]) => !isEmpty(value));
  return fields.length === 0
    ? "nothing"
    : fields.map(([name, value]) => `${name} ${describeValue(value)}`).join(", ");
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === "" || (value instanceof Map && value.size === 0);
}

function describeValue(value: unknown): string {
  if (isTimestamp(value)) {
    return new Date(Number(value.seconds) * 1_000 + value.nanos / 1_000_000).toISOString();
  }
  if (value instanceof Map) {
    return describeValue(Object.fromEntries(value));
  }
  if (Array.isArray(value)) {
    return `[${value.map(describeValue).join(", ")}]`;
  }
  return typeof value === "object" && value !== null
    ? `(${describe(value)})`
    : JSON.stringify(value);
}

function isTimestamp(value: unknown): value is { seconds: bigint; nanos: number } {
  return typeof value === "object" && value !== null && "seconds" in value && "nanos" in value;
}

/** What an error tells people, and programs. */
export function describeFailure(error: unknown): string {
  const { message, reason } = toCallError(error);
  return `${message} (reason ${reason})`;
}
