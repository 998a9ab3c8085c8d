import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "../../src/find-program.ts";
import { createCleanups, startProgram, temporaryFolder } from "../start-program.ts";

export interface PrometheusOptions {
  /** What to scrape: "127.0.0.1:9464", or the URL of an admin port. */
  readonly targets: readonly string[];
  /** Paths of rule files. */
  readonly ruleFiles?: readonly string[];
  /** Milliseconds between two scrapes, and between two evaluations of the rules. Default: 200. */
  readonly scrapeIntervalMs?: number;
  /** The label `job` of all that is scraped. Default: "item-service". */
  readonly jobName?: string;
}

/** One sample of the result; a scalar has no labels. */
export interface QueriedSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface RunningPrometheus {
  readonly url: string;
  /** Evaluates an expression now; rejects with what Prometheus says against it. */
  query(expression: string): Promise<readonly QueriedSample[]>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/**
 * Starts a real Prometheus on a free port of the loopback, with a folder of its own, and waits until it
 * has scraped every target, or tried to. That takes five seconds: Prometheus looks for targets that often.
 */
export async function startPrometheus({
  targets,
  ruleFiles = [],
  scrapeIntervalMs = 200,
  jobName = "item-service",
}: PrometheusOptions): Promise<RunningPrometheus> {
  const program = findProgram("prometheus");
  if (program === undefined) {
    throw new Error("prometheus is not installed: install it, or skip what needs it");
  }
  const cleanups = createCleanups();
  const folder = temporaryFolder(cleanups.add);
  const config = join(folder, "prometheus.yaml");
  const every = `${scrapeIntervalMs}ms`;
  const addresses = targets.map((target) => target.replace(/^http:\/\//, "").replace(/\/$/, ""));
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
      rule_files: ruleFiles,
      scrape_configs: [{ job_name: jobName, static_configs: [{ targets: addresses }] }],
    }),
  );
  const storage = `--storage.tsdb.path=${join(folder, "data")}`;
  const args = [`--config.file=${config}`, storage, "--web.listen-address=127.0.0.1:0"];
  try {
    const { output } = await startProgram(program, args, {
      isReady: (log) => addressIn(log) !== undefined && log.includes("Server is ready"),
      onEnd: cleanups.add,
    });
    const url = `http://${addressIn(output())}`;
    while ((await query(url, "up")).length < addresses.length) {
      await sleep(50);
    }
    return { url, query: (expression) => query(url, expression), stop: cleanups.run };
  } catch (error) {
    await cleanups.run();
    throw error;
  }
}

const addressIn = (log: string): string | undefined =>
  /"Listening on" address=(\S+)/.exec(log)?.[1];

interface Answer {
  readonly status: "success" | "error";
  readonly error?: string;
  readonly data?: {
    readonly resultType: "vector" | "scalar" | "matrix" | "string";
    readonly result: unknown;
  };
}

interface VectorItem {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

async function query(url: string, expression: string): Promise<readonly QueriedSample[]> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: "POST",
    body: new URLSearchParams({ query: expression }),
  });
  const { status, error, data } = (await response.json()) as Answer;
  if (status !== "success" || data === undefined) {
    throw new Error(`prometheus refuses ${expression}: ${error}`);
  }
  switch (data.resultType) {
    case "scalar":
      return [{ metric: {}, value: toNumber((data.result as VectorItem["value"])[1]) }];
    case "vector":
      return (data.result as VectorItem[]).map(({ metric, value }) => ({
        metric,
        value: toNumber(value[1]),
      }));
    default:
      throw new Error(`the expression must give a vector or a scalar, got a ${data.resultType}`);
  }
}

function toNumber(value: string): number {
  return Number(value.replace("Inf", "Infinity"));
}
