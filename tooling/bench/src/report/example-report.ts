import type { Scenario } from "../result.ts";
import { judge } from "../targets.ts";
import type { Report } from "./report.ts";

const scenarios: readonly Scenario[] = [
  {
    group: "servers",
    title: "unary, 32 in flight",
    per: "call",
    unit: "µs",
    baseline: "grpc-js",
    figures: [
      { engine: "grpc-js", cpuMicroseconds: 50, wallMicroseconds: 61.234, ratio: 1 },
      { engine: "grpc-server", cpuMicroseconds: 53.5, wallMicroseconds: 65, ratio: 1.07 },
      { engine: "grpc-server-standard", cpuMicroseconds: 70, wallMicroseconds: 82, ratio: 1.4 },
      { engine: "nice-grpc", cpuMicroseconds: 62.5, wallMicroseconds: 70, ratio: 1.25 },
    ],
  },
  {
    group: "memory",
    title: "1,000 idle connections",
    per: "connection",
    unit: "KB",
    baseline: "grpc-js",
    figures: [
      { engine: "grpc-js", rssKilobytes: 20, heapKilobytes: 3.5, ratio: 1 },
      { engine: "connect", rssKilobytes: 123.4, heapKilobytes: 3, ratio: 6.17 },
    ],
  },
];

/** A report of two scenarios, for tests. */
export const exampleReport: Report = {
  environment: {
    date: "2026-11-26",
    cpu: "Fast & <Cheap>",
    cores: 2,
    node: "26.10.0",
    versions: { "@grpc/grpc-js": "1.14.7" },
    unaryDriver: "h2load nghttp2/1.52.0",
    rounds: 9,
  },
  scenarios,
  targets: judge(scenarios),
};
