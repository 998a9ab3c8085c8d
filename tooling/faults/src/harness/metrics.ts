/** What a service has told of itself, in Prometheus' text format. */
export interface Metrics {
  /** The sum of all samples of that name that have these labels; 0 if there are none. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
  /** How many samples (series) there are, of that name or of all names. */
  count(name?: string): number;
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const samplePattern = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/gm;
const labelPattern = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const escapes: Readonly<Record<string, string>> = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };

export async function fetchMetrics(adminUrl: string): Promise<Metrics> {
  const response = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(30_000) });
  if (!response.ok) {
    throw new Error(
      `${adminUrl}/metrics answers ${response.status}: is it item-service's admin port?`,
    );
  }
  return parseMetrics(await response.text());
}

export function parseMetrics(text: string): Metrics {
  const samples = [...text.matchAll(samplePattern)].map(toSample);
  return {
    sum: (name, labels = {}) =>
      samples
        .filter((sample) => sample.name === name && hasLabels(sample, labels))
        .reduce((sum, { value }) => sum + value, 0),
    count: (name) => samples.filter((sample) => name === undefined || sample.name === name).length,
  };
}

function toSample([, name = "", labels = "", value = ""]: RegExpExecArray): Sample {
  const pairs = [...labels.matchAll(labelPattern)].map(([, label = "", text = ""]) => [
    label,
    text.replace(/\\[n"\\]/g, (escaped) => escapes[escaped] ?? escaped),
  ]);
  return { name, labels: Object.fromEntries(pairs), value: toNumber(value) };
}

function toNumber(value: string): number {
  return value.endsWith("Inf") ? Number(value.replace("Inf", "Infinity")) : Number(value);
}

function hasLabels({ labels }: Sample, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([label, value]) => labels[label] === value);
}
