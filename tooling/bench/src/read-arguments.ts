import { parseArgs } from "node:util";
import type { Group } from "./result.ts";

export interface Arguments {
  readonly groups: readonly Group[];
  readonly rounds: number;
  readonly isQuick: boolean;
  /** Whether all is measured, and as it should be. */
  readonly isWhole: boolean;
}

const allGroups: readonly Group[] = ["servers", "memory", "clients", "growth"];

export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { quick: { type: "boolean", default: false }, rounds: { type: "string" } },
  });
  const isQuick = values.quick;
  const rounds = Number(values.rounds ?? (isQuick ? 1 : 9));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new RangeError(`--rounds must be a whole number of at least 1, got ${values.rounds}`);
  }
  const groups = positionals.map((name) => {
    const group = allGroups.find((known) => known === name);
    if (group === undefined) {
      throw new RangeError(`group must be one of ${allGroups.join(", ")}, got ${name}`);
    }
    return group;
  });
  const isWhole = groups.length === 0 && !isQuick && values.rounds === undefined;
  return { groups: groups.length === 0 ? allGroups : groups, rounds, isQuick, isWhole };
}
