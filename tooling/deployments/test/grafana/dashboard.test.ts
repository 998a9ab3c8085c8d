import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { hasProgram } from "../../src/find-program.ts";
import { type PanelQuery, queriesOf, readDashboard } from "../../src/grafana/dashboard.ts";
import { type Choices, interpolate, rateInterval } from "../../src/grafana/interpolate.ts";
import { type RunningPrometheus, startPrometheus } from "../prometheus/start-prometheus.ts";
import { type ItemServiceProcess, startItemService } from "../start-item-service.ts";
import { type DoneLoad, driveLoad, handlersLimit, settingsForLoad } from "./drive-load.ts";
import { queryRange, type Series } from "./query-range.ts";

const dashboard = readDashboard();
const rules = fileURLToPath(
  new URL("../../../../deployments/prometheus/item-service.recording.yaml", import.meta.url),
);
const queries = queriesOf(dashboard);

// There are no rules for alerts here, and there is no TLS.
const mayBeEmpty = ["Alerts, pending and firing, A", "annotation Alerts", "Certificate, A"];

describe.skipIf(!hasProgram("prometheus", "prometheus"))(
  "the dashboard, over a real Prometheus",
  () => {
    let service: ItemServiceProcess;
    let prometheus: RunningPrometheus;
    let load: DoneLoad;
    /** When Prometheus had scraped a service without calls, and when it knew of all of the load: in seconds since 1970. */
    let idleAt: number;
    let endedAt: number;

    beforeAll(async () => {
      service = await startItemService({
        env: {
          ...settingsForLoad,
          // So that there is something of each metric.
          GRPC_SERVER_MAX_WORKERS: "2",
          LOG_LEVEL: "error",
        },
      });
      // Before anybody scrapes it: what is there at 0 at first has a rate of all that follows.
      await vi.waitFor(async () => {
        const metrics = await (await fetch(`${service.adminUrl}/metrics`)).text();
        expect(metrics).toMatch(/^grpc_kit_workers_ready 2$/m);
        expect(metrics).toMatch(/^grpc_kit_ready 1$/m);
      }, 30_000);
      prometheus = await startPrometheus({ targets: [service.adminUrl], ruleFiles: [rules] });
      await vi.waitFor(async () => {
        const [scrapes] = await prometheus.query("count_over_time(grpc_kit_ready[1m])");
        expect(scrapes?.value).toBeGreaterThan(2);
        idleAt = Date.now() / 1_000;
      }, 30_000);
      load = await driveLoad(service);
      await vi.waitFor(async () => {
        const [ended] = await prometheus.query("sum(grpc_server_handled_total)");
        expect(ended?.value).toBe(endedCalls(load));
        // A handler may settle after its call has ended.
        const [running] = await prometheus.query("sum(grpc_kit_server_handlers_running)");
        expect(running?.value).toBe(load.openStreams);
        // Of the rules, too.
        expect(
          await prometheus.query("job:grpc_server_errors_per_handled:ratio_rate3d > 0"),
        ).toHaveLength(1);
        endedAt = Date.now() / 1_000;
      }, 30_000);
    }, 90_000);

    afterAll(async () => {
      await load?.close();
      await prometheus?.stop();
      await service?.stop();
    });

    /** What a panel would draw. Its rates are of five minutes, as if a day were shown: so they see all of this test. */
    async function draw(
      { target }: PanelQuery,
      { choices = {}, end = endedAt }: { readonly choices?: Choices; readonly end?: number } = {},
    ): Promise<readonly Series[]> {
      const expression = interpolate(target.expr, dashboard, {
        choices: { job: "item-service", ...choices },
        rateInterval: rateInterval(270, 30),
      });
      // All at the same moment: each rate is then extrapolated by the same factor, and their ratios are exact.
      return await queryRange(prometheus.url, expression, {
        end,
        seconds: target.instant ? 0 : 10,
      });
    }

    /** The last values that a panel shows, by one of their labels. */
    async function shown(
      title: string,
      label = "",
      choices?: Choices,
    ): Promise<Record<string, number>> {
      const query = queries.find((each) => each.title === title);
      if (query === undefined) {
        throw new Error(`the dashboard must have a query "${title}"`);
      }
      const series = await draw(query, choices && { choices });
      return Object.fromEntries(
        series.map(({ metric, values }) => [metric[label] ?? "", values.at(-1) ?? Number.NaN]),
      );
    }

    it.each(queries.map((query) => [query.title, query] as const))(
      "%s has something to draw, and never anything but numbers, without calls either",
      async (title, query) => {
        const series = await draw(query);
        const idle = await draw(query, { end: idleAt });
        if (!mayBeEmpty.includes(title)) {
          expect(series).not.toHaveLength(0);
        }
        const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } =
          query.panel?.fieldConfig?.defaults ?? {};
        for (const value of [...series, ...idle].flatMap(({ values }) => values)) {
          expect(value).toBeGreaterThanOrEqual(min);
          expect(value).toBeLessThanOrEqual(max);
        }
      },
    );

    it("shows how many calls there were of each method, and how they ended", async () => {
      const started = Object.fromEntries(
        Object.entries(load.calls).map(([method, codes]) => [method, sum(Object.values(codes))]),
      );
      started.SyncItems = (started.SyncItems ?? 0) + load.openStreams;
      expect(await sharesOf(shown("Calls by method, A", "grpc_method"))).toEqual(close(started));
      const failures: Record<string, number> = {};
      for (const [code, calls] of Object.values(load.calls).flatMap((each) =>
        Object.entries(each),
      )) {
        if (code !== "OK") {
          failures[code] = (failures[code] ?? 0) + calls;
        }
      }
      expect(await sharesOf(shown("Failures by code, A", "grpc_code"))).toEqual(close(failures));
    });

    it("shows what share of the calls was the server's fault", async () => {
      expect(await shown("Error ratio, A")).toEqual({
        "": expect.closeTo(2 / endedCalls(load), 6),
      });
      expect(await shown("Error ratio by method, A", "grpc_method")).toMatchObject({
        GetItem: expect.closeTo(2 / endedCalls(load, "GetItem"), 6),
        CreateItem: 0,
        // The one that ended by its deadline has lived as long as it was to.
        SyncItems: 0,
      });
    });

    it("shows what is open, what is full, and what was shed", async () => {
      const { openStreams, connections } = load;
      expect(await shown("In flight, A")).toEqual({ "": openStreams });
      expect(await shown("Open streams, A", "grpc_method")).toMatchObject({
        SyncItems: openStreams,
      });
      expect(Object.values(await shown("Connections, A"))).toEqual([connections]);
      // Of one worker alone: the other has none.
      const limit = 2 * handlersLimit;
      expect(Object.values(await shown("Handlers of their limit, A"))).toEqual([
        openStreams / limit,
      ]);
      expect(Object.keys(await shown("Refused, by reason, A", "refusal"))).toEqual([
        "too_many_rpcs",
      ]);
      const { "": shed = 0 } = await shown("Shed, A");
      const { "": calls = 0 } = await shown("Calls, A");
      expect(shed / calls).toBeCloseTo(4 / (endedCalls(load) + openStreams), 6);
    });

    it("shows who is ready, and each process once", async () => {
      expect(await shown("Ready, A")).toEqual({ "": 1 });
      expect(await shown("Dependencies down, A")).toEqual({ "": 0 });
      expect(await shown("Dependencies, A", "dependency")).toEqual({ database: 1, token_keys: 1 });
      expect(Object.keys(await shown("Processors, A", "pid"))).toHaveLength(2);
      expect(Object.values(await shown("Workers, B"))).toEqual([2]);
    });

    it("shows what is chosen, and nothing else", async () => {
      const chosen = {
        instance: [service.adminUrl.slice(7)],
        grpc_method: ["GetItem", "ListItems"],
      };
      const methods = await shown("Calls by method, A", "grpc_method", chosen);
      expect(Object.keys(methods).sort()).toEqual(["GetItem", "ListItems"]);
      const nobody = { instance: [service.adminUrl.slice(7).replaceAll(".", "x")] };
      expect(await shown("Calls by method, A", "grpc_method", nobody)).toEqual({});
      expect(await shown("Connections, A", "", { job: "another" })).toEqual({});
    });
  },
);

function endedCalls({ calls }: DoneLoad, of?: string): number {
  const methods = Object.entries(calls).filter(([method]) => of === undefined || method === of);
  return sum(methods.flatMap(([, codes]) => Object.values(codes)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

async function sharesOf(rates: Promise<Record<string, number>>): Promise<Record<string, number>> {
  return shares(await rates);
}

function close(counts: Record<string, number>): Record<string, number> {
  const expected = Object.entries(shares(counts)).map(([name, share]): [string, number] => [
    name,
    expect.closeTo(share, 6),
  ]);
  return Object.fromEntries(expected);
}

function shares(counts: Record<string, number>): Record<string, number> {
  const total = sum(Object.values(counts));
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count / total]));
}
