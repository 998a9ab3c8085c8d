import type { ServedCall } from "@grpc-kit/grpc-context";
import type { BudgetOptions } from "../client-options.ts";

// grpc-js takes more than 2 ** 31 - 1 milliseconds, 24.8 days, for no time at all.
const maxTimeoutMs = 24 * 86_400_000;

/**
 * When a call must have ended, in epoch milliseconds: the nearest of its own limit and what the call
 * being served has left, less what that one needs to answer. Infinity: never.
 */
export function callDeadline(
  now: number,
  timeoutMs: number | "none",
  served: ServedCall | undefined,
  { reserveMs, reserveRatio }: Required<BudgetOptions>,
): number {
  const own =
    timeoutMs === "none" ? Number.POSITIVE_INFINITY : now + Math.min(timeoutMs, maxTimeoutMs);
  if (served === undefined || served.deadline === Number.POSITIVE_INFINITY) {
    return own;
  }
  const leftMs = served.deadline - now;
  const reserved = Math.max(reserveMs, leftMs * reserveRatio);
  return Math.min(own, now + Math.min(leftMs - reserved, maxTimeoutMs));
}
