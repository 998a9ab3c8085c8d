import type { OpenMetricsContentType, Registry } from "prom-client";
import { loadPromClient } from "../load-prom-client.ts";
import type { Refusal, ServerStats } from "../server-events.ts";

// A record, so that the compiler misses none.
const refusals: Readonly<Record<Refusal, true>> = {
  too_many_rpcs: true,
  too_many_rpcs_of_peer: true,
  too_many_compressed_rpcs: true,
  deadline_too_short: true,
  metadata_too_large: true,
  unsupported_encoding: true,
  draining: true,
  send_stall: true,
  stream_idle: true,
  too_many_connections: true,
  too_many_connections_of_peer: true,
  connection_rate: true,
  reset_budget: true,
  handshake_timeout: true,
  not_http2: true,
  tls: true,
  no_alpn: true,
  flood: true,
};

/**
 * Adds to `registry` what a server tells of itself in `stats`: how full it is, and what it has refused. It is read when
 * somebody collects, and costs calls nothing. Rejects if the registry has these metrics already.
 */
export async function addServerMetrics(
  registry: Registry | Registry<OpenMetricsContentType>,
  server: { readonly stats: ServerStats },
): Promise<void> {
  const { Counter, Gauge } = await loadPromClient();
  const registers = [registry];
  const gauges: [string, string, (stats: ServerStats) => number][] = [
    ["connections", "Open connections.", (stats) => stats.connections],
    ["handlers_running", "Handlers that have not settled.", (stats) => stats.inFlight],
    ["handlers_limit", "How many handlers may run at once.", (stats) => stats.maxInFlight],
    ["queued_calls", "Calls that wait for a handler.", (stats) => stats.queued],
  ];
  for (const [name, help, read] of gauges) {
    new Gauge({
      name: `grpc_kit_server_${name}`,
      help,
      registers,
      collect() {
        this.set(read(server.stats));
      },
    });
  }
  new Gauge({
    name: "grpc_kit_server_certificate_expiry_timestamp_seconds",
    help: "Until when the certificate in use is valid; not there without TLS.",
    // Of several workers, of which one may have failed to read a new one.
    aggregator: "min",
    registers,
    collect() {
      const { certificateExpiresAt } = server.stats;
      if (certificateExpiresAt === undefined) {
        this.remove();
      } else {
        this.set(certificateExpiresAt / 1_000);
      }
    },
  });
  new Counter({
    name: "grpc_kit_server_refused_total",
    help: "Calls and connections that the server has refused or cut, by reason.",
    labelNames: ["refusal"],
    registers,
    collect() {
      const { refused } = server.stats;
      this.reset();
      for (const refusal of Object.keys(refusals) as Refusal[]) {
        this.inc({ refusal }, refused[refusal] ?? 0);
      }
    },
  });
}
