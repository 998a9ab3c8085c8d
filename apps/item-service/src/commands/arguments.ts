import { parseArgs } from "node:util";
import { UsageError } from "./usage-error.ts";

/** The values of options that take one. Throws a UsageError for any other argument. */
export function readOptions<Name extends string>(
  args: readonly string[],
  defaults: Readonly<Record<Name, string>>,
): Readonly<Record<Name, string>> {
  const options = Object.fromEntries(
    Object.entries<string>(defaults).map(([name, value]) => [
      name,
      { type: "string", default: value } as const,
    ]),
  );
  try {
    return parseArgs({ args: [...args], options }).values as Record<Name, string>;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
