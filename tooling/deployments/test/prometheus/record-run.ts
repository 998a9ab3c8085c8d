import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alertsFile, recordingFile } from "../../src/prometheus/rule-files.ts";
import { runPromtool } from "../../src/prometheus/run-promtool.ts";

/** What a service has exposed at several moments. */
export interface RecordedRun {
  /** Reads its metrics now. */
  take(): Promise<void>;
  /**
   * Has promtool judge the rules as if so much time had passed from each moment to the next. Rejects with what promtool
   * finds if other alerts than these fire at the end.
   */
  expectFiring(alerts: readonly string[], step: string): Promise<void>;
}

/** Records what the service of that admin port exposes. */
export function recordRun(adminUrl: string): RecordedRun {
  const series = new Map<string, string[]>();
  let moments = 0;

  function add(name: string, value: string): void {
    const values = series.get(name) ?? Array.from({ length: moments }, () => "_");
    series.set(name, values);
    values.push(value);
  }

  return {
    async take() {
      const text = await (await fetch(`${adminUrl}/metrics`)).text();
      for (const [, name = "", labels = "", value = ""] of text.matchAll(
        /^([\w:]+)(?:\{(.*)\})? (\S+)$/gm,
      )) {
        add(`${name}{${labels}${labels && ","}${target}}`, value);
      }
      add(`up{${target}}`, "1");
      moments += 1;
      for (const values of series.values()) {
        values.push(...Array.from({ length: moments - values.length }, () => "stale"));
      }
    },
    async expectFiring(alerts, step) {
      const folder = mkdtempSync(join(tmpdir(), "prometheus-run-"));
      try {
        const path = join(folder, "run.yaml");
        writeFileSync(path, JSON.stringify(toCase(alerts, step)));
        await runPromtool("test", "rules", path);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };

  /** A file for promtool; JSON is YAML. */
  function toCase(alerts: readonly string[], step: string): object {
    const [, amount, unit] = /^(\d+)([sm])$/.exec(step) ?? [];
    return {
      rule_files: [recordingFile, alertsFile],
      evaluation_interval: step,
      tests: [
        {
          interval: step,
          input_series: [...series].map(([name, values]) => ({
            series: name,
            values: values.join(" "),
          })),
          promql_expr_test: [
            {
              expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
              eval_time: `${(moments - 1) * Number(amount)}${unit}`,
              exp_samples: alerts.map((alert) => ({
                labels: `{alertname="${alert}"}`,
                value: 1,
              })),
            },
          ],
        },
      ],
    };
  }
}

const target = 'job="item-service",namespace="shop",instance="10.0.0.1:9464"';
