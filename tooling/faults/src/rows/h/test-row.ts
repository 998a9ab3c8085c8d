import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Outcome, Row } from "../../row.ts";

const root = fileURLToPath(new URL("../../../../..", import.meta.url));

interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/**
 * A row about the repository and its packages. It has tests whose titles name it, which run with all other checks
 * as well; this runs them alone.
 */
export function testRow(
  id: string,
  fault: string,
  promise: string,
  ...files: readonly string[]
): Row {
  return { id, fault, promise, isQuick: false, run: () => runTests(id, files) };
}

async function runTests(id: string, files: readonly string[]): Promise<Outcome> {
  const reports = await Promise.all(files.map((file) => runFile(id, file)));
  const passed = reports.reduce((sum, { numPassedTests }) => sum + numPassedTests, 0);
  const failed = reports
    .flatMap(({ testResults }) => testResults)
    .flatMap(({ assertionResults }) => assertionResults)
    .flatMap(({ status, fullName }) => (status === "failed" ? [`${fullName} fails`] : []));
  const isEmpty = passed === 0 && failed.length === 0;
  return {
    measured: `${passed} tests of ${files.join(" and ")} pass`,
    misses: isEmpty ? [`there is no test of ${id} in ${files.join(", ")}`] : failed,
  };
}

async function runFile(id: string, file: string): Promise<TestReport> {
  const [, folder = "", path = ""] = /^(\w+\/[\w-]+)\/(.*)$/.exec(file) ?? [];
  const cwd = join(root, folder);
  const vitest = join(cwd, "node_modules/vitest/vitest.mjs");
  const scratch = mkdtempSync(join(tmpdir(), "faults-tests-"));
  const report = join(scratch, "report.json");
  const args = [vitest, "run", path, "--reporter=json", `--outputFile=${report}`];
  try {
    await promisify(execFile)(process.execPath, [...args, "--testNamePattern", `\\b${id}:`], {
      cwd,
    });
    return JSON.parse(readFileSync(report, "utf8"));
  } catch (error) {
    if (!existsSync(report)) {
      throw error;
    }
    // vitest ends with 1 when a test fails.
    return JSON.parse(readFileSync(report, "utf8"));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
