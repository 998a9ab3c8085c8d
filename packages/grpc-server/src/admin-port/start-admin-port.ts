import { inspect } from "node:util";
import { checkFunction, checkHost, checkPort, checkTimer, checkTitle } from "../check-option.ts";
import { loadPromClient } from "../load-prom-client.ts";
import type { MetricsJson } from "../metrics-json.ts";
import { listenForAdmin } from "./admin-listener.ts";
import { createProcessMetrics } from "./process-metrics.ts";

/** The part of a prom-client `Registry` that is needed here. */
export interface AdminRegistry {
  readonly contentType: string;
  metrics(): Promise<string>;
  getMetricsAsJSON(): Promise<readonly object[]>;
}

export interface AdminPortOptions {
  /** The metrics of the program. */
  readonly registry: AdminRegistry;
  /** Whether the program serves, for `/readyz` and the page. One that throws, or takes 5 s, says no. */
  readonly isReady: () => boolean | Promise<boolean>;
  /** The address to listen on; keep it from strangers. Default: "127.0.0.1". */
  readonly host?: string;
  /** Its port; 0 takes a free one. Default: 9464. */
  readonly port?: number;
  /** What the page calls the program. Default: "gRPC server". */
  readonly title?: string;
  /** Milliseconds until the page asks again. Default: 1_000. */
  readonly refreshMs?: number;
  /** Told why an answer has failed, which the answer does not say. Default: writes to stderr. */
  readonly onError?: (error: unknown) => void;
}

export interface AdminPort {
  /** "http://127.0.0.1:9464" */
  readonly url: string;
  /** Cuts those that still ask, and frees the port. */
  close(): Promise<void>;
}

/**
 * Serves what operators ask for, on a port of its own: `/metrics`, `/healthz`, `/readyz`, `/status.json` and, on
 * `/`, a live page of it.
 *
 * There is no authentication, so it listens on this machine alone unless `host` says otherwise, and
 * answers there only to the machine's own names.
 */
export async function startAdminPort({
  registry,
  isReady,
  host = "127.0.0.1",
  port = 9464,
  title = "gRPC server",
  refreshMs = 1_000,
  onError = reportError,
}: AdminPortOptions): Promise<AdminPort> {
  checkHost("host", host);
  checkPort("port", port);
  checkTitle("title", title);
  checkTimer("refreshMs", refreshMs);
  checkFunction("registry.metrics", registry?.metrics);
  checkFunction("registry.getMetricsAsJSON", registry.getMetricsAsJSON);
  checkFunction("isReady", isReady);
  checkFunction("onError", onError);
  const own = createProcessMetrics(await loadPromClient(), registry.contentType);
  const { url, close } = await listenForAdmin({
    host,
    port,
    onError: guard(onError),
    title,
    refreshMs,
    timeoutMs: 5_000,
    source: {
      contentType: registry.contentType,
      isReady: async () => (await isReady()) === true,
      async metrics() {
        // OpenMetrics have one mark, at their end.
        const ofProcess = (await own.metrics()).replace("# EOF\n", "");
        return ofProcess + (await registry.metrics());
      },
      async metricsAsJson() {
        const all = await Promise.all([own.getMetricsAsJSON(), registry.getMetricsAsJSON()]);
        return all.flat() as unknown as MetricsJson;
      },
    },
  });
  return { url, close };
}

/** It runs where nobody waits for it, and whatever it throws would end the process. */
function guard(onError: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    const report = async (): Promise<void> => onError(error);
    report().catch((thrown: unknown) => {
      reportError(error);
      reportError(thrown);
    });
  };
}

function reportError(error: unknown): void {
  process.stderr.write(`admin port: ${inspect(error)}\n`);
}
