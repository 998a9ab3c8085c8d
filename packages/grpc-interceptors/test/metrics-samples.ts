import type { OpenMetricsContentType, Registry } from "prom-client";

/** One line of what Prometheus is told. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What Prometheus reads in the text of a registry. */
export function samplesIn(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const [, name, labels = "", value] = /^([a-z_]+)(?:\{([^}]*)\})? (\S+)/.exec(line) ?? [];
    if (name !== undefined) {
      const pairs = labels.matchAll(/([a-z_]+)="([^"]*)"/g);
      samples.push({
        name,
        labels: Object.fromEntries([...pairs].map(([, key, of]) => [key, of])),
        value: Number(value),
      });
    }
  }
  return samples;
}

/** The sum of the samples of that name that have at least these labels. */
export async function total(
  register: Registry | Registry<OpenMetricsContentType>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const wanted = Object.entries(labels);
  return samplesIn(await register.metrics())
    .filter((sample) => sample.name === name)
    .filter((sample) => wanted.every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}
