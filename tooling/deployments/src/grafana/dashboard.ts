import { readFileSync } from "node:fs";

/** What the checks read of a dashboard: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly Annotation[] };
  readonly links: readonly { readonly title: string; readonly url: string }[];
  readonly panels: readonly Panel[];
}

export interface DataSource {
  readonly type: string;
  readonly uid: string;
}

export interface Variable {
  readonly type: "datasource" | "query";
  readonly name: string;
  readonly datasource?: DataSource;
  readonly query: string | { readonly query: string };
  readonly multi: boolean;
  readonly includeAll: boolean;
  readonly allValue?: string;
}

export interface Annotation {
  readonly name: string;
  readonly datasource: DataSource;
  readonly expr: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  /** Those below are not there in a row, which is but a heading. */
  readonly datasource?: DataSource;
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string; readonly min?: number; readonly max?: number };
  };
}

export interface Target {
  readonly refId: string;
  readonly datasource: DataSource;
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant: boolean;
  readonly range: boolean;
  /** The least step, in place of the data source's scrape interval. */
  readonly interval?: string;
}

/** The dashboard of item-service, as it is imported into Grafana. */
export function readDashboard(): Dashboard {
  const file = new URL("../../../../deployments/grafana/item-service.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8"));
}

/** One query of the dashboard, and what it is for: `panel` and `refId`, or the name of an annotation. */
export interface PanelQuery {
  readonly title: string;
  readonly panel?: Panel;
  readonly target: Pick<Target, "expr" | "instant" | "legendFormat" | "interval">;
}

/** All that is asked of Prometheus, except for what fills the variables. */
export function queriesOf({ panels, annotations }: Dashboard): readonly PanelQuery[] {
  return [
    ...panels.flatMap((panel) =>
      (panel.targets ?? []).map((target) => ({
        title: `${panel.title}, ${target.refId}`,
        panel,
        target,
      })),
    ),
    ...annotations.list.map(({ name, expr }) => ({
      title: `annotation ${name}`,
      target: { expr, instant: false, legendFormat: "__auto" },
    })),
  ];
}
