import type { CounterPromise } from "../../harness/judge.ts";
import type { Metrics } from "../../harness/metrics.ts";

/**
 * Item-service where each address may have 40 calls running, so that nobody can take all places, and where less than two
 * connections' resets spend an address's budget, however slow the machine is.
 */
export const sharing: Readonly<Record<string, string>> = {
  GRPC_SERVER_MAX_CONCURRENT_RPCS_PER_PEER: "40",
  GRPC_SERVER_RESET_BUDGET_BURST: "1500",
  GRPC_SERVER_RESET_BUDGET_PER_SECOND: "100",
};

/** Item-service with short limits for all that waits. */
export const impatient: Readonly<Record<string, string>> = {
  GRPC_SERVER_HANDSHAKE_TIMEOUT_MS: "1000",
  GRPC_SERVER_MAX_CONNECTION_IDLE_MS: "1000",
  GRPC_SERVER_DEFAULT_DEADLINE_MS: "1000",
  GRPC_SERVER_STREAM_IDLE_TIMEOUT_MS: "1000",
  GRPC_SERVER_SEND_STALL_TIMEOUT_MS: "1000",
  GRPC_SERVER_KEEPALIVE_TIME_MS: "1000",
  GRPC_SERVER_KEEPALIVE_TIMEOUT_MS: "500",
  GRPC_SERVER_MAX_CONCURRENT_RPCS: "200",
};

const refusedName = "grpc_kit_server_refused_total";

/** That the server has counted refusals of a kind. */
export function refused(
  refusal: string,
  limits: Omit<CounterPromise, "name"> = {},
): CounterPromise {
  return { name: refusedName, labels: { refusal }, ...limits };
}

/** How many calls of a method have ever begun. */
export function startedOf(metrics: Metrics, method: string): number {
  return metrics.sum("grpc_server_started_total", { grpc_method: method });
}
