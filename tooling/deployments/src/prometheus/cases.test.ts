import { beforeAll, describe, expect, it } from "vitest";
import { type Exposition, readExposition } from "../metrics/read-exposition.ts";
import { selectorsOf } from "../metrics/selectors.ts";
import { readAlerts, readCases, readRecordingRules } from "./rule-files.ts";

const recorded = readRecordingRules().flatMap(({ rules }) => rules);
const alerts = readAlerts().flatMap(({ rules }) => rules);
const cases = readCases();
const checks = cases.flatMap((each) => each.promql_expr_test);

/** What Prometheus itself adds, and makes. */
const targetLabels = ["job", "namespace", "instance"];
const ownMetrics = ["up", "ALERTS"];

describe("the cases", () => {
  it.each(alerts.map(({ alert }) => alert))("have one in which %s fires", (alert) => {
    const firing = `ALERTS{alertname="${alert}", alertstate="firing", `;
    const samples = checks.flatMap(({ exp_samples }) => exp_samples);
    expect(samples.filter(({ labels }) => labels.startsWith(firing))).not.toEqual([]);
  });

  it.each(alerts.map(({ alert }) => alert))("have one in which %s does not fire", (alert) => {
    const quiet = checks.filter(({ expr, exp_samples }) => {
      const [, operator, name = ""] = /^ALERTS\{alertname(=~?)"([^"]+)"/.exec(expr) ?? [];
      const names = operator === "=~" ? new RegExp(`^(${name})$`).test(alert) : name === alert;
      return names && exp_samples.length === 0;
    });
    expect(quiet).not.toEqual([]);
  });

  it("have names of their own", () => {
    const names = cases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("what the rules and their cases name", () => {
  let exposed: Exposition;

  beforeAll(async () => {
    exposed = await readExposition();
  }, 30_000);

  /** What of an expression the service does not expose, and no rule records. */
  function unknownIn(expression: string): readonly string[] {
    return selectorsOf(expression)
      .filter(({ metric }) => !ownMetrics.includes(metric))
      .filter(({ metric }) => !recorded.some(({ record }) => record === metric))
      .flatMap(({ metric, labels }) => {
        const known = exposed.get(metric);
        return known === undefined
          ? [metric]
          : [...labels]
              .filter((label) => !known.has(label) && !targetLabels.includes(label))
              .map((label) => `${metric}{${label}}`);
      });
  }

  it.each([...recorded, ...alerts].map(({ expr, ...rule }) => [Object.values(rule)[0], expr]))(
    "is exposed: %s",
    (_, expression) => {
      expect(unknownIn(String(expression))).toEqual([]);
    },
  );

  it("is exposed, and given in the cases with all its labels", () => {
    const series = new Set(
      cases.flatMap(({ input_series }) => input_series.map((it) => it.series)),
    );
    for (const each of series) {
      expect(unknownIn(each)).toEqual([]);
      const [selector] = selectorsOf(each);
      for (const label of exposed.get(selector?.metric ?? "") ?? []) {
        expect([...(selector?.labels ?? [])], each).toContain(label);
      }
    }
  });

  it("does not go unnoticed when it is wrong", () => {
    expect(unknownIn('rate(grpc_server_handled{job="item-service"}[5m])')).toEqual([
      "grpc_server_handled",
    ]);
    expect(unknownIn('sum by (le) (grpc_kit_ready{code="OK"})')).toEqual([
      "grpc_kit_ready{code}",
      "grpc_kit_ready{le}",
    ]);
  });
});
