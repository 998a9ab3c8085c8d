import type { Labels, Sample, Series } from "./series.ts";

export type MetricType = "counter" | "gauge" | "histogram";

export interface MetricShape {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly labelNames: readonly string[];
  /** Of a histogram, in seconds. */
  readonly buckets?: readonly number[] | undefined;
}

/** What a metric tells prom-client, which formats it and adds it up with that of other processes. */
export interface MetricValues {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly aggregator: "sum";
  readonly values: Sample[];
}

/**
 * A metric that a registry of prom-client asks for its numbers when somebody collects them. Those of
 * prom-client look their labels up each time that they count, several times in a call.
 */
export class Metric<S extends Series> {
  /** A registry for OpenMetrics takes "_total" off that of a counter. */
  name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly labelNames: readonly string[];
  readonly buckets: readonly number[] | undefined;
  readonly aggregator = "sum" as const;
  readonly #toSeries: (labels: Labels) => S;
  readonly #series = new Map<string, S>();

  constructor(
    { name, help, type, labelNames, buckets }: MetricShape,
    toSeries: (labels: Labels) => S,
  ) {
    this.name = name;
    this.help = help;
    this.type = type;
    this.labelNames = labelNames;
    this.buckets = buckets;
    this.#toSeries = toSeries;
  }

  /** The one of these labels; it is exposed from then on. */
  seriesOf(labels: Labels): S {
    const key = JSON.stringify(this.labelNames.map((name) => labels[name]));
    const existing = this.#series.get(key);
    if (existing !== undefined) {
      return existing;
    }
    const made = this.#toSeries(labels);
    this.#series.set(key, made);
    return made;
  }

  get(): Promise<MetricValues> {
    const { name, help, type, aggregator } = this;
    const values = [...this.#series.values()].flatMap((series) => series.samples(name));
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  reset(): void {
    // A gauge says what is so: the end of what runs now would bring it below 0.
    if (this.type !== "gauge") {
      for (const series of this.#series.values()) {
        series.reset();
      }
    }
  }
}
