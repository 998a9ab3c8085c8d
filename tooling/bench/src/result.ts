import type { Figure } from "@grpc-kit/testing/bench";

export type { Figure } from "@grpc-kit/testing/bench";

/** What an engine holds in memory, as medians over the rounds. */
export interface MemoryFigure {
  readonly engine: string;
  /** Growth of the resident set, in KB for each unit. */
  readonly rssKilobytes: number;
  /** Growth of what lives in V8's heap and beside it (`heapUsed` + `external`), in KB for each unit. */
  readonly heapKilobytes: number;
  /** Of the resident sets, to the scenario's baseline. */
  readonly ratio: number;
}

export type Group = "servers" | "memory" | "clients" | "growth";

interface Measured {
  readonly group: Group;
  readonly title: string;
  /** One unit of the work: "call", "message", "connection". */
  readonly per: string;
  /** The engine whose ratio is 1. */
  readonly baseline: string;
}

export interface TimeScenario extends Measured {
  readonly unit: "µs";
  readonly figures: readonly Figure[];
}

export interface MemoryScenario extends Measured {
  readonly unit: "KB";
  readonly figures: readonly MemoryFigure[];
}

export type Scenario = TimeScenario | MemoryScenario;

export interface GroupOptions {
  /** How often each engine's turn comes. Odd, so that the median is a round that was measured. */
  readonly rounds: number;
  /** Whether a smoke run is wanted, whose figures mean nothing. */
  readonly isQuick: boolean;
  /** Tells a person who waits what is being done. */
  readonly progress: (line: string) => void;
}

/** Measures the scenarios of a group. */
export type MeasureGroup = (options: GroupOptions) => Promise<readonly Scenario[]>;

/** What a ratio must be. */
export interface Target {
  readonly group: Group;
  /** Title of the scenario. */
  readonly scenario: string;
  readonly engine: string;
  /** The engine that it is compared with. Default: the baseline of the scenario. */
  readonly against?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** A target beside what was measured. */
export interface TargetResult extends Target {
  readonly measured: number;
  readonly isReached: boolean;
}
