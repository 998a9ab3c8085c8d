import { type Engine, usageOf } from "./engine.ts";

/** Work for an engine, and by how many its costs are divided. */
export interface Work {
  readonly count: number;
  /** May resolve with the microseconds that it took, where its beginning and its end are not the work's. */
  readonly run: (engine: Engine) => Promise<unknown>;
}

/** Of one unit of work. */
export interface Cost {
  /** User and system time of the engine's process. */
  readonly cpuMicroseconds: number;
  readonly wallMicroseconds: number;
}

/** What an engine needs for a unit of the work: medians over the rounds. */
export interface Figure extends Cost {
  readonly engine: string;
  /** Of its CPU time to that of the baseline: the median of the ratios of the single rounds. */
  readonly ratio: number;
}

/** Costs by engine and round. */
export type Costs = ReadonlyMap<string, readonly Cost[]>;

/**
 * What each engine needs for a unit of the work, round by round. The engines take turns, so that what
 * disturbs the machine disturbs all of them.
 */
export async function measure(
  engines: readonly Engine[],
  rounds: number,
  work: Work,
): Promise<Costs> {
  const costs = new Map(engines.map(({ name }) => [name, [] as Cost[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const engine of engines) {
      const cost = await costOf(engine, work);
      // The first round warms up.
      if (round > 0) {
        costs.get(engine.name)?.push(cost);
      }
    }
  }
  return costs;
}

async function costOf(engine: Engine, { count, run }: Work): Promise<Cost> {
  const [{ cpuMicroseconds }, startedAt] = [await usageOf(engine), performance.now()];
  const measured = await run(engine);
  const elapsed = 1_000 * (performance.now() - startedAt);
  const wall = typeof measured === "number" ? measured : elapsed;
  const { cpuMicroseconds: after } = await usageOf(engine);
  return { cpuMicroseconds: (after - cpuMicroseconds) / count, wallMicroseconds: wall / count };
}

/** The figures of all engines, in their order. */
export function figuresOf(costs: Costs, baseline: string): readonly Figure[] {
  const cpuOf = (engine: string) =>
    costs.get(engine)?.map(({ cpuMicroseconds }) => cpuMicroseconds) ?? [];
  return [...costs].map(([engine, own]) => ({
    engine,
    cpuMicroseconds: median(cpuOf(engine)),
    wallMicroseconds: median(own.map(({ wallMicroseconds }) => wallMicroseconds)),
    ratio: medianRatio(cpuOf(engine), cpuOf(baseline)),
  }));
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The median of the ratios of each round, which is steadier than the ratio of the medians. */
export function medianRatio(own: readonly number[], others: readonly number[]): number {
  return median(own.map((value, round) => value / (others[round] ?? Number.NaN)));
}
