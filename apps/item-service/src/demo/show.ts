import { stripVTControlCharacters, styleText } from "node:util";

/** One call, as it is shown. */
export interface ShownCall {
  readonly method: string;
  readonly kind: string;
  readonly ms: number;
  readonly sent: readonly object[];
  readonly got: readonly (object | string)[];
}

/** Prints a call: its method, what it sent (→) and what it got (←). */
export function show({ method, kind, ms, sent, got }: ShownCall): void {
  const title = `${styleText("bold", method.padEnd(17))}${kind.padEnd(15)}${ms.toFixed(1)} ms`;
  const arrow = (sign: string, lines: readonly (object | string)[]): string[] =>
    lines.map((line) => `  ${sign} ${typeof line === "string" ? line : describe(line)}`);
  const lines = [
    title,
    ...arrow(styleText("cyan", "→"), sent),
    ...arrow(styleText("green", "←"), got),
  ];
  process.stdout.write(`${lines.map(fit).join("\n")}\n\n`);
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
