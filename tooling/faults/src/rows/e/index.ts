import type { Row } from "../../row.ts";
import { chaos } from "./chaos.ts";
import { deadCollector } from "./collector.ts";
import { healthLeakage, openPorts, reflectionExposure } from "./exposure.ts";
import { logInjection } from "./log-injection.ts";
import { payloads } from "./payloads.ts";
import { probeStorm } from "./probe-storm.ts";
import { requestIds } from "./request-ids.ts";
import { baggageBomb, tracePoisoning } from "./trace-context.ts";
import { cardinality, unknownMethods } from "./unknown-methods.ts";

/** What operators see, and what others might. */
export const rowsE: readonly Row[] = [
  cardinality,
  unknownMethods,
  chaos,
  logInjection,
  requestIds,
  payloads,
  tracePoisoning,
  baggageBomb,
  deadCollector,
  reflectionExposure,
  healthLeakage,
  probeStorm,
  openPorts,
];
