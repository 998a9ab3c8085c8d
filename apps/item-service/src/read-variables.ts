import { z } from "zod";
import { withoutSecrets } from "./without-secrets.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads variables. Throws a TypeError with one line for each that is wrong. */
export function readVariables<Shape extends z.ZodRawShape>(
  environment: Environment,
  shape: Shape,
): z.output<z.ZodObject<Shape>> {
  const { data, error } = z.object(shape).safeParse(environment);
  if (error !== undefined) {
    const faults = error.issues.map(({ path: [name], message }) => {
      return `${String(name)} ${message}, got ${show(environment[String(name)])}`;
    });
    throw new TypeError(faults.join("\n"));
  }
  return data;
}

/** Gathers the lines of what is thrown, so that all faults are told at once. */
export function collectFaults(): {
  readonly faults: string[];
  attempt<Result>(read: () => Result): Result | undefined;
} {
  const faults: string[] = [];
  return {
    faults,
    attempt(read) {
      try {
        return read();
      } catch (error) {
        faults.push((error as Error).message);
        return undefined;
      }
    },
  };
}

/** An integer that a variable has in decimal digits. */
export function integer(least: number, most: number): z.ZodType<number, string> {
  const rule = `must be an integer from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,10}$/, rule)
    .transform(Number)
    .refine((value) => value >= least && value <= most, rule);
}

// Quoted, so that it stays on its line.
function show(value: string | undefined): string {
  return value === undefined ? "none" : JSON.stringify(withoutSecrets(value));
}

/** The rule of DATA_DIR, the folder where the service keeps files of its own. */
export const dataFolderRule: z.ZodType<string, string | undefined> = z
  .string()
  .min(1, "must be the path of a folder")
  .default("data");

/** Reads DATA_DIR alone. */
export function readDataFolder(environment: Environment): string {
  return readVariables(environment, { DATA_DIR: dataFolderRule }).DATA_DIR;
}
