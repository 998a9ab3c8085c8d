const timeoutMs = 30_000;

/** How long a task of the service had to wait: the longest of its processes. Undefined: it is not told. */
export async function readEventLoopDelay(adminUrl: string): Promise<number | undefined> {
  const valuesOf = await readMetrics(adminUrl);
  const delays = valuesOf("grpc_kit_worker_event_loop_delay_seconds");
  return delays.length === 0 ? undefined : Math.max(...delays) * 1_000;
}

/** How many calls have begun in the service and not ended. */
export async function readOpenCalls(adminUrl: string): Promise<number> {
  const valuesOf = await readMetrics(adminUrl);
  const total = (name: string) => valuesOf(name).reduce((sum, value) => sum + value, 0);
  return total("grpc_server_started_total") - total("grpc_server_handled_total");
}

/** Gives the values of a metric by its name. */
async function readMetrics(adminUrl: string): Promise<(name: string) => readonly number[]> {
  const response = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(timeoutMs) });
  const text = await response.text();
  return (name) =>
    [...text.matchAll(new RegExp(`^${name}\\{[^}]*\\} (\\S+)`, "gm"))].map(([, value]) =>
      Number(value),
    );
}
