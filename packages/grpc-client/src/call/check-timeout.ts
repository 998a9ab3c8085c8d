import { inspect } from "node:util";
import type { MethodPlan } from "./method-plan.ts";

/** What a call may take. Throws a TypeError for none where there must be one, and for what is none. */
export function checkTimeout(
  { definition, timeoutMs: planned }: MethodPlan,
  { timeoutMs = planned }: { readonly timeoutMs?: number | "none" },
): number | "none" {
  const { path, responseStream } = definition;
  const isTimeout = typeof timeoutMs === "number" && !Number.isNaN(timeoutMs);
  if (!(isTimeout || (responseStream && timeoutMs === "none"))) {
    const or = responseStream ? ', or "none"' : "";
    throw new TypeError(
      `timeoutMs must be milliseconds${or} in a call of ${path}, got ${inspect(timeoutMs)}`,
    );
  }
  return timeoutMs;
}
