import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { inspectProcess, type ProcessState } from "./inspect-process.ts";
import { readEventLoopDelay } from "./service-metrics.ts";
import type { SoakedService } from "./start-service.ts";
import type { Point } from "./trend.ts";
import type { Measure, Series } from "./verdict.ts";

export interface Sample {
  /** The service's processes, the first one first. */
  readonly service: readonly ProcessState[];
  /** How long a task of the service had to wait: the longest of its processes. */
  readonly eventLoopDelayMs: number | undefined;
  /** This process. */
  readonly clientMemoryBytes: number;
}

/** Measures, and remembers what it has measured. */
export interface Recorder {
  take(at: number): Promise<Sample>;
  series(): readonly Series[];
}

export function createRecorder({ inspectorUrls, adminUrl }: SoakedService): Recorder {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const all = new Map<string, { kind: Measure; points: Point[] }>();
  const record = (at: number, kind: Measure, whose: string, value: number | undefined) => {
    if (value === undefined) {
      return;
    }
    const name = `${kind} of ${whose}`;
    const series = all.get(name) ?? { kind, points: [] };
    series.points.push({ at, value });
    all.set(name, series);
  };
  return {
    async take(at) {
      const service = await Promise.all(inspectorUrls.map(inspectProcess));
      const eventLoopDelayMs = await readEventLoopDelay(adminUrl);
      collectGarbage();
      const { heapUsed, rss } = process.memoryUsage();
      for (const state of service) {
        const whose = `service ${state.pid}`;
        record(at, "heap", whose, state.heapBytes);
        record(at, "memory", whose, state.memoryBytes);
        record(at, "files", whose, state.files);
        record(at, "resources", whose, state.resources);
      }
      record(at, "heap", "client", heapUsed);
      return { service, eventLoopDelayMs, clientMemoryBytes: rss };
    },
    series: () => [...all].map(([name, { kind, points }]) => ({ name, kind, points })),
  };
}
