import { inspect } from "node:util";
import type { DependencyState } from "./dependency.ts";
import type { WatchedStatus } from "./serving-status.ts";

/** A service that is shown with another status. */
export interface ServiceChange {
  readonly kind: "service";
  readonly name: string;
  readonly from: WatchedStatus;
  readonly to: WatchedStatus;
}

/** A dependency that counts as healthy or unhealthy from now on. */
export interface DependencyChange {
  readonly kind: "dependency";
  readonly name: string;
  readonly from: DependencyState;
  readonly to: DependencyState;
  /** What the deciding check threw, or why it failed else. Undefined if it passed. */
  readonly error: unknown;
}

export type StatusChange = ServiceChange | DependencyChange;

export type OnStatusChange = (change: StatusChange) => void;

/** A listener whose errors end nothing: it runs where a check ends, and its throw would end the process. */
export function guard(onStatusChange: OnStatusChange): OnStatusChange {
  return (change) => {
    const report = async (): Promise<void> => onStatusChange(change);
    report().catch((thrown: unknown) => {
      process.stderr.write(`onStatusChange has thrown: ${show(thrown)}\n`);
    });
  };
}

function show(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return "a value that cannot be shown";
  }
}
