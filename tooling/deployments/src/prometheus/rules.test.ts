import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { hasProgram } from "../find-program.ts";
import { matchersOf } from "../metrics/matchers-of.ts";
import {
  alertsFile,
  caseFiles,
  folder,
  readAlerts,
  readRecordingRules,
  recordingFile,
} from "./rule-files.ts";
import { runPromtool } from "./run-promtool.ts";

const readme = readFileSync(join(folder, "README.md"), "utf8");

describe("the rules", () => {
  it("are in one group of each file", () => {
    expect(readRecordingRules().map(({ name }) => name)).toEqual(["item-service.recording"]);
    expect(readAlerts().map(({ name }) => name)).toEqual(["item-service.alerts"]);
  });

  it("record names of the form level:metric:operations, each once and told of", () => {
    const names = readRecordingRules().flatMap(({ rules }) => rules.map(({ record }) => record));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      expect(name).toMatch(/^(job|instance)(_[a-z]+)*:[a-z_]+:[a-z0-9_]+$/);
    }
    // Of several that differ in their end the README has the rest as "…".
    const stems = names.map((name) => name.replace(/(p\d+_)?(rate|increase)\d+\w$/, ""));
    expect(stems.filter((stem) => !readme.includes(`\`${stem}`))).toEqual([]);
  });

  it("count the same calls as failures wherever they count them", () => {
    const counted = readRecordingRules()
      .flatMap(({ rules }) => rules)
      .map(({ record, expr }) => [record, matchersOf(expr, "grpc_code")] as const)
      .filter(([, matchers]) => matchers.length > 0);
    expect(counted).toHaveLength(3);
    const failures = [
      'grpc_code=~"Unknown|Unimplemented|Internal|Unavailable|DataLoss"',
      'grpc_code="DeadlineExceeded", grpc_type!="bidi_stream"',
    ];
    for (const [record, matchers] of counted) {
      expect(matchers, record).toEqual(failures);
    }
  });

  it("say of each alert how bad it is, what it is, and where that is explained", () => {
    for (const { alert, labels, annotations } of readAlerts().flatMap(({ rules }) => rules)) {
      expect(labels).toEqual({ severity: expect.stringMatching(/^(critical|warning)$/) });
      expect(annotations).toEqual({
        summary: expect.stringContaining("item-service"),
        description: expect.stringMatching(/\.$/),
        runbook_url: `https://github.com/grpc-kit/grpc-kit/blob/main/deployments/prometheus/README.md#${alert.toLowerCase()}`,
      });
      const [, section = ""] = readme.split(`\n### ${alert}\n`);
      const [text = ""] = section.split("\n### ");
      for (const part of ["- **Means:** ", "- **Look at** ", "- **Do:** "]) {
        expect(text, alert).toContain(part);
      }
    }
  });

  it("have the severity and the time in the README's table that they have", () => {
    for (const { alert, labels, ...rule } of readAlerts().flatMap(({ rules }) => rules)) {
      const time = (rule.for ?? "").replace(/m$/, " min").replace(/h$/, " h");
      const row = readme.split("\n").find((line) => line.startsWith(`| [${alert}](`));
      const [, link, severity, , lasts] = row?.split("|").map((cell) => cell.trim()) ?? [];
      expect([link, severity, lasts]).toEqual([
        `[${alert}](#${alert.toLowerCase()})`,
        labels.severity,
        time,
      ]);
    }
  });
});

describe.skipIf(!hasProgram("promtool", "prometheus"))("promtool", () => {
  it("takes the rules", async () => {
    const output = await runPromtool("check", "rules", "--lint-fatal", recordingFile, alertsFile);
    expect(output.match(/SUCCESS: \d+ rules found/g)).toHaveLength(2);
  });

  it("takes the example of a configuration", async () => {
    const scratch = mkdtempSync(join(tmpdir(), "prometheus-config-"));
    onTestFinished(() => rmSync(scratch, { recursive: true }));
    const config = parse(readFileSync(join(folder, "prometheus.yaml"), "utf8"));
    expect(config.rule_files.map((name: string) => join(folder, name))).toEqual([
      recordingFile,
      alertsFile,
    ]);
    const [pods, processes] = config.scrape_configs;
    expect(pods.kubernetes_sd_configs).toEqual([{ role: "pod" }]);
    expect(processes.job_name).toBe("item-service");
    // Debian's promtool knows no Kubernetes.
    const { kubernetes_sd_configs: _, ...rest } = pods;
    const path = join(scratch, "prometheus.yaml");
    const rule_files = [recordingFile, alertsFile];
    writeFileSync(
      path,
      JSON.stringify({ ...config, rule_files, scrape_configs: [rest, processes] }),
    );
    expect(await runPromtool("check", "config", path)).toContain("2 rule files found");
  });

  it("finds that each alert fires when it should, and not before", async () => {
    const output = await runPromtool("test", "rules", ...caseFiles());
    expect(output.match(/^ {2}SUCCESS$/gm)).toHaveLength(caseFiles().length);
  }, 60_000);
});
