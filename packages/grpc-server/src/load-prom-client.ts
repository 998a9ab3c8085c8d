/** Loads prom-client, which need not be installed unless metrics are asked for. */
export async function loadPromClient(): Promise<typeof import("prom-client")> {
  try {
    return await import("prom-client");
  } catch (cause) {
    throw new Error("metrics needs prom-client to be installed", { cause });
  }
}
