import { inspect } from "node:util";
import type { LoadBalancingConfig } from "@grpc/grpc-js";
import { checkInteger, checkNames } from "../check-option.ts";
import type { ChannelOptions, OutlierDetectionOptions } from "./channel-options.ts";

const names = [
  "intervalMs",
  "baseEjectionMs",
  "failurePercent",
  "minCalls",
  "minAddresses",
  "maxEjectionPercent",
];
const maxMs = 2 ** 31 - 1;

/** What to put into a service config; grpc-js takes the first that it knows. */
export function resolveLoadBalancing(
  loadBalancing: NonNullable<ChannelOptions["loadBalancing"]>,
  outlierDetection: ChannelOptions["outlierDetection"],
): readonly LoadBalancingConfig[] {
  if (loadBalancing !== "round_robin" && loadBalancing !== "pick_first") {
    throw new TypeError(
      `loadBalancing must be "round_robin" or "pick_first", got ${inspect(loadBalancing)}`,
    );
  }
  const detection = resolveDetection(outlierDetection ?? loadBalancing === "round_robin");
  const policy = { [loadBalancing]: {} };
  if (detection === undefined) {
    return [policy];
  }
  if (loadBalancing === "pick_first") {
    // It has one address at a time.
    throw new TypeError('outlierDetection must be false with loadBalancing "pick_first"');
  }
  return [{ outlier_detection: { ...detection, child_policy: [policy] } }, policy];
}

function resolveDetection(options: boolean | OutlierDetectionOptions): object | undefined {
  if (options === false) {
    return undefined;
  }
  const given = options === true ? {} : options;
  checkNames("outlierDetection", given, names);
  const {
    intervalMs = 10_000,
    baseEjectionMs = 30_000,
    failurePercent = 90,
    minCalls = 20,
    minAddresses = 3,
    maxEjectionPercent = 33,
  } = given;
  checkInteger("outlierDetection.intervalMs", intervalMs, 1, maxMs);
  checkInteger("outlierDetection.baseEjectionMs", baseEjectionMs, 1, maxMs);
  checkInteger("outlierDetection.failurePercent", failurePercent, 1, 100);
  checkInteger("outlierDetection.minCalls", minCalls, 1, maxMs);
  checkInteger("outlierDetection.minAddresses", minAddresses, 2, maxMs);
  checkInteger("outlierDetection.maxEjectionPercent", maxEjectionPercent, 1, 100);
  // Not by the deviation of success rates, which says nothing of fewer than five addresses.
  return {
    interval: toDuration(intervalMs),
    base_ejection_time: toDuration(baseEjectionMs),
    max_ejection_percent: maxEjectionPercent,
    failure_percentage_ejection: {
      // grpc-js wants more than the threshold.
      threshold: failurePercent - 1e-6,
      enforcement_percentage: 100,
      minimum_hosts: minAddresses,
      request_volume: minCalls,
    },
  };
}

function toDuration(ms: number): { readonly seconds: number; readonly nanos: number } {
  return { seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 };
}
