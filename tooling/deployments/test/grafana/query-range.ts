/** One line of a graph. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

export interface Moments {
  /** The last one, in seconds since 1970. */
  readonly end: number;
  /** How many seconds before it there is a first one, and one each second between. 0: the last one alone. */
  readonly seconds: number;
}

/** Evaluates an expression at several moments; rejects with what Prometheus says against it. */
export async function queryRange(
  url: string,
  query: string,
  { end, seconds }: Moments,
): Promise<readonly Series[]> {
  const range = { query, start: String(end - seconds), end: String(end), step: "1" };
  const response = await fetch(`${url}/api/v1/query_range?${new URLSearchParams(range)}`);
  const { status, error, data } = (await response.json()) as Answer;
  if (status !== "success") {
    throw new Error(`prometheus refuses ${query}: ${error}`);
  }
  return data.result.map(({ metric, values }) => ({
    metric,
    values: values.map(([, value]) => Number(value.replace("Inf", "Infinity"))),
  }));
}
