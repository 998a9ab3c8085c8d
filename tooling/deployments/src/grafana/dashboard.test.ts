import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { matchersOf } from "../metrics/matchers-of.ts";
import { type Exposition, readExposition } from "../metrics/read-exposition.ts";
import { selectorsOf } from "../metrics/selectors.ts";
import { readRecordingRules } from "../prometheus/rule-files.ts";
import { type Panel, queriesOf, readDashboard } from "./dashboard.ts";
import { interpolate } from "./interpolate.ts";

const dashboard = readDashboard();
const { panels, templating, annotations, links } = dashboard;
const drawn = panels.filter(({ type }) => type !== "row");
const variables = templating.list;
const queries = queriesOf(dashboard);
const filled = (text: string) =>
  interpolate(text, dashboard, { choices: { job: "item-service" }, rateInterval: "120s" });

const chosen = /^\$\{datasource\}$/;
// https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts
const units = ["none", "short", "percentunit", "s", "bytes", "reqps", "ops", "mps"];
// https://grafana.com/docs/grafana/latest/panels-visualizations/visualizations/: no plugin need be installed
const panelTypes = ["row", "stat", "timeseries", "table", "heatmap", "state-timeline"];

describe("the dashboard as Grafana imports it", () => {
  it("has what its list shows and what identifies it", () => {
    expect(dashboard).toMatchObject({ uid: "grpc-kit-item-service", title: "item-service" });
    expect(dashboard.tags).toContain("grpc");
    // That of Grafana 10.0: a later one brings it up to date.
    expect(dashboard.schemaVersion).toBe(38);
    // An id or a version of the Grafana where it was made would get into the way of another's.
    expect(dashboard).not.toHaveProperty("id");
    expect(dashboard).not.toHaveProperty("__inputs");
  });

  it("has panels of their own ids, of types that Grafana has", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.map(({ type }) => type).filter((type) => !panelTypes.includes(type))).toEqual([]);
    expect(new Set(drawn.map(({ title }) => title)).size).toBe(drawn.length);
  });

  it("has no panels that overlap or reach over 24 columns, and no hole between rows", () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      const { x, y, w, h } = gridPos;
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let cell = 0; cell < w * h; cell += 1) {
        const at = `${x + (cell % w)},${y + Math.floor(cell / w)}`;
        expect(taken.get(at), `at ${at} with ${title}`).toBeUndefined();
        taken.set(at, title);
      }
    }
    const height = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
    expect(taken.size).toBe(24 * height);
  });

  it.each(drawn.map((panel): [string, Panel] => [`${panel.id} ${panel.title}`, panel]))(
    "panel %s says what it shows, in which unit, and asks the chosen data source",
    (_, panel) => {
      expect(panel.title).not.toBe("");
      expect(panel.description).toMatch(/^.{60,}\.$/);
      expect(units).toContain(panel.fieldConfig?.defaults.unit);
      const targets = panel.targets ?? [];
      expect(targets).not.toHaveLength(0);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      for (const { datasource } of [panel, ...targets]) {
        expect(datasource).toEqual({ type: "prometheus", uid: expect.stringMatching(chosen) });
      }
      for (const { expr, interval, instant, range } of targets) {
        expect(instant).toBe(!range);
        // Without it rates would go by a setting of the data source, 15 s unless somebody has changed it.
        expect(interval).toBe(expr.includes("$__rate_interval") ? "30s" : undefined);
      }
    },
  );

  it("has variables that are used, each after those that it depends on", () => {
    expect(variables.map(({ name }) => name)).toEqual(
      "datasource job namespace instance grpc_service grpc_method".split(" "),
    );
    const known = new Set<string>();
    for (const { name, type, query, datasource, multi, includeAll, allValue } of variables) {
      if (typeof query === "object") {
        expect(datasource?.uid).toMatch(chosen);
        expect(usedIn(query.query).filter((used) => !known.has(used))).toEqual([]);
      } else {
        expect([type, query]).toEqual(["datasource", "prometheus"]);
      }
      expect([multi, includeAll, allValue]).toEqual(
        multi ? [true, true, ".*"] : [false, false, undefined],
      );
      known.add(name);
    }
    const used = usedIn(JSON.stringify(dashboard)).filter((name) => !name.startsWith("__"));
    expect(new Set(used)).toEqual(known);
  });

  it("leads to where the alerts lead", () => {
    const alerts = readRules("alerts");
    const runbooks = [...alerts.matchAll(/runbook_url: ([^\s#]+)/g)].map(([, url]) => url);
    const url = links.find(({ title }) => title === "Runbook")?.url;
    expect(new Set(runbooks)).toEqual(new Set([url]));
  });

  it("marks when alerts fire", () => {
    expect(annotations.list).not.toHaveLength(0);
    for (const { datasource } of annotations.list) {
      expect(datasource.uid).toMatch(chosen);
    }
  });
});

describe("its queries", () => {
  let exposed: Exposition;
  beforeAll(async () => {
    exposed = await readExposition();
  }, 60_000);

  // What Prometheus adds to what it scrapes, and the series that it makes itself, by our rules too.
  const ofTargets = ["job", "namespace", "instance", "pod"];
  const recorded = [...readRules("recording").matchAll(/- record: (\S+)/g)];
  const ofPrometheus = new Map<string, readonly string[]>([
    ["up", []],
    ["ALERTS", ["alertstate"]],
    ...recorded.map(([, name = ""]) => [name, []] as const),
  ]);

  function expectExposed(expression: string): void {
    const selectors = selectorsOf(filled(expression));
    expect(selectors).not.toHaveLength(0);
    for (const { metric, labels } of selectors) {
      const known = ofPrometheus.get(metric) ?? [...(exposed.get(metric) ?? [])];
      expect([...ofPrometheus.keys(), ...exposed.keys()]).toContain(metric);
      expect([...ofTargets, ...known]).toEqual(expect.arrayContaining([...labels]));
    }
  }

  it.each(queries.map((query) => [query.title, query.target] as const))(
    "%s reads metrics and labels that the service exposes, of the chosen job",
    (_, { expr, legendFormat }) => {
      expectExposed(expr);
      for (const { labels } of selectorsOf(filled(expr))) {
        expect([...labels]).toEqual(expect.arrayContaining(["job", "namespace"]));
      }
      const [, ...shown] = legendFormat.split("{{").map((part) => part.split("}}")[0]);
      const named = selectorsOf(filled(expr)).flatMap(({ labels }) => [...labels]);
      expect(named).toEqual(expect.arrayContaining(shown));
    },
  );

  it.each([
    ["failures", "Error ratio, A", "grpc_code", "job_method:grpc_server_errors:rate5m"],
    ["failures", "Error ratio by method, A", "grpc_code", "job_method:grpc_server_errors:rate5m"],
    ["refusals", "Shed, A", "refusal", "job:grpc_kit_server_shed:rate5m"],
  ])("count the same %s as the rules do: %s", (_, title, label, name) => {
    const shown = queries.filter((query) => query.title === title);
    const rules = readRecordingRules().flatMap((group) => group.rules);
    const recorded = rules.filter(({ record }) => record === name);
    const [inPanel = [], inRule] = [...shown.map(({ target }) => target), ...recorded].map(
      ({ expr }) => matchersOf(expr, label),
    );
    expect(inPanel).not.toHaveLength(0);
    expect(inPanel).toEqual(inRule);
  });

  it.each(
    variables.flatMap(({ name, query }): [string, string][] =>
      typeof query === "object" ? [[name, query.query]] : [],
    ),
  )("variable %s is filled from what the service exposes", (_, query) => {
    const [, expression = "", label = ""] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
    expectExposed(`group by (${label}) (${expression})`);
  });
});

function readRules(kind: "alerts" | "recording"): string {
  const file = `../../../../deployments/prometheus/item-service.${kind}.yaml`;
  return readFileSync(new URL(file, import.meta.url), "utf8");
}

function usedIn(text: string): readonly string[] {
  return [...text.matchAll(/\$\{?(\w+)/g)].map(([, name = ""]) => name);
}
