/** A call as the caller's sidecar sees it. */
export interface RoutedCall {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpRoute {
  readonly name?: string;
  readonly match?: readonly HttpMatch[];
  readonly route: readonly { readonly destination: Readonly<Record<string, unknown>> }[];
  readonly timeout?: string;
  readonly retries?: {
    readonly attempts: number;
    readonly perTryTimeout?: string;
    readonly retryOn?: string;
    readonly retryRemoteLocalities?: boolean;
  };
}

export interface HttpMatch {
  readonly uri?: { readonly exact?: string };
  /** An empty object: the header is there, whatever it says. */
  readonly headers?: Readonly<Record<string, Readonly<Record<string, never>>>>;
}

/**
 * The route that Istio takes: the first one of which a match holds, and of that all conditions. One without matches
 * holds always. https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMatchRequest
 */
export function findRoute(routes: readonly HttpRoute[], call: RoutedCall): HttpRoute | undefined {
  return routes.find(({ match }) => match?.some((conditions) => holds(conditions, call)) ?? true);
}

function holds({ uri, headers = {}, ...others }: HttpMatch, call: RoutedCall): boolean {
  const unknown = [
    ...Object.keys(others),
    ...Object.keys(uri ?? {}).filter((key) => key !== "exact"),
    ...Object.values(headers).flatMap((condition) => Object.keys(condition)),
  ];
  if (unknown.length > 0) {
    throw new TypeError(`conditions must be those that are evaluated here, got ${unknown}`);
  }
  return (
    (uri?.exact === undefined || uri.exact === call.path) &&
    Object.keys(headers).every((name) => call.headers?.[name] !== undefined)
  );
}

/** Milliseconds of a duration such as "15s" or "1m30s", as protobuf and Istio write it. */
export function durationMs(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    throw new TypeError(`a duration must be like "15s", got ${text}`);
  }
  const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  return [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)]
    .map(([, amount, unit = ""]) => Number(amount) * (units[unit] ?? Number.NaN))
    .reduce((sum, ms) => sum + ms, 0);
}
