import type { TraceIds } from "@grpc-kit/grpc-context";

export type Labels = Readonly<Record<string, string | number>>;

/** What is counted for one set of labels. */
export interface Series {
  /** Each time anew: prom-client puts its default labels into what it is given. */
  samples(name: string): Sample[];
  reset(): void;
}

/** One value, in the form that prom-client has it in. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** If it is not that of the metric. */
  readonly metricName?: string;
  readonly exemplar?: Exemplar | undefined;
}

interface Exemplar {
  readonly labelSet: Labels;
  readonly value: number;
  /** In seconds. */
  readonly timestamp: number;
}

/** One number, which calls change in place. */
export class NumberSeries implements Series {
  value = 0;
  readonly #labels: Labels;

  constructor(labels: Labels) {
    this.#labels = labels;
  }

  samples(): Sample[] {
    return [{ labels: this.#labels, value: this.value }];
  }

  reset(): void {
    this.value = 0;
  }
}

/** How many durations there were up to each bound, in all, and their sum. */
export class HistogramSeries implements Series {
  readonly #labels: Labels;
  /** In seconds, rising; the last is that of all. */
  readonly #bounds: readonly number[];
  /** By bucket: those that are in no smaller one. */
  readonly #counts: Float64Array;
  readonly #exemplars: (Exemplar | undefined)[];
  #sum = 0;

  constructor(labels: Labels, buckets: readonly number[]) {
    this.#labels = labels;
    this.#bounds = [...buckets, Number.POSITIVE_INFINITY];
    this.#counts = new Float64Array(this.#bounds.length);
    this.#exemplars = this.#bounds.map(() => undefined);
  }

  /** A call that is traced leaves its trace with the duration, as the exemplar of its bucket. */
  observe(seconds: number, trace?: TraceIds): void {
    let bucket = 0;
    while (seconds > (this.#bounds[bucket] as number)) {
      bucket += 1;
    }
    (this.#counts[bucket] as number) += 1;
    this.#sum += seconds;
    if (trace?.isSampled === true) {
      this.#exemplars[bucket] = {
        labelSet: { trace_id: trace.traceId, span_id: trace.spanId },
        value: seconds,
        timestamp: Date.now() / 1_000,
      };
    }
  }

  samples(name: string): Sample[] {
    const labels = this.#labels;
    let count = 0;
    const buckets = this.#bounds.map((bound, bucket): Sample => {
      count += this.#counts[bucket] as number;
      return {
        labels: { le: bound === Number.POSITIVE_INFINITY ? "+Inf" : bound, ...labels },
        value: count,
        metricName: `${name}_bucket`,
        exemplar: this.#exemplars[bucket],
      };
    });
    return [
      ...buckets,
      { labels: { ...labels }, value: this.#sum, metricName: `${name}_sum` },
      { labels: { ...labels }, value: count, metricName: `${name}_count` },
    ];
  }

  reset(): void {
    this.#counts.fill(0);
    this.#exemplars.fill(undefined);
    this.#sum = 0;
  }
}
