import type { Service, ServiceOptions } from "./service.ts";
import type { Victim } from "./victim.ts";

/** What a row is given to attack with. */
export interface Harness {
  readonly isQuick: boolean;
  /**
   * A running item-service, which serves. Those with the same settings share one process, which is there for the rows
   * that come after, too; a row may ask for one of its own, which ends with the row.
   */
  service(options?: ServiceOptions): Promise<Service>;
  /** Starts 50 unary calls a second in a process of its own, and lets it find out how long they take in peace. */
  victim(service: Service): Promise<Victim>;
  /**
   * Is done after the row, the latest first. Whether a service lives is looked at in its turn: what was registered after
   * it was asked for is undone by then, and what was registered before is still there.
   */
  onEnd(cleanup: () => void | Promise<void>): void;
  /** Says on stderr how far the row is. */
  progress(text: string): void;
}
