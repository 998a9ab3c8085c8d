import {
  Criticality,
  type DependencyHealth,
  type GetHealthReportRequest,
  type HealthReport,
  HealthStatus,
} from "@grpc-kit/generated-protos/common/health";
import type { Dependency } from "./dependency.ts";

/** Handlers of common.HealthReportService, which names dependencies: for a server that knows who asks. */
export interface HealthReportHandlers {
  getHealthReport(request: GetHealthReportRequest): HealthReport;
}

export function createReportHandlers(dependencies: readonly Dependency[]): HealthReportHandlers {
  const sorted = dependencies.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    getHealthReport() {
      const reports = sorted.map(report);
      const critical = reports.filter((_report, index) => sorted[index]?.critical);
      return { status: overall(critical), dependencies: reports };
    },
  };
}

function report({ name, critical, latest }: Dependency): DependencyHealth {
  const criticality = critical
    ? Criticality.CRITICALITY_CRITICAL
    : Criticality.CRITICALITY_OPTIONAL;
  if (latest === undefined) {
    const unspecified = HealthStatus.HEALTH_STATUS_UNSPECIFIED;
    return { name, status: unspecified, criticality, checkedAt: undefined, latency: undefined };
  }
  return {
    name,
    status: latest.hasPassed
      ? HealthStatus.HEALTH_STATUS_HEALTHY
      : HealthStatus.HEALTH_STATUS_UNHEALTHY,
    criticality,
    checkedAt: toSecondsAndNanos(latest.checkedAt),
    latency: toSecondsAndNanos(latest.latencyMs),
  };
}

/** The worst of them; HEALTHY when there are none. */
function overall(critical: readonly DependencyHealth[]): HealthStatus {
  const { HEALTH_STATUS_HEALTHY, HEALTH_STATUS_UNHEALTHY, HEALTH_STATUS_UNSPECIFIED } =
    HealthStatus;
  return (
    [HEALTH_STATUS_UNHEALTHY, HEALTH_STATUS_UNSPECIFIED].find((bad) =>
      critical.some(({ status }) => status === bad),
    ) ?? HEALTH_STATUS_HEALTHY
  );
}

function toSecondsAndNanos(ms: number): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Math.floor(ms / 1_000)), nanos: Math.floor((ms % 1_000) * 1e6) };
}
