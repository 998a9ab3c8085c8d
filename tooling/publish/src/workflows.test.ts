import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { root } from "./workspace.ts";

const folder = join(root, ".github/workflows");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
}

describe.each(readdirSync(folder))("%s", (file) => {
  const text = readFileSync(join(folder, file), "utf8");
  const workflow = parse(text);
  const jobs = Object.values<{
    readonly steps: readonly Step[];
    readonly "timeout-minutes"?: number;
  }>(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  it("takes actions by commit, since a tag can be moved", () => {
    const used = steps.flatMap(({ uses = [] }) => uses);
    expect(used.filter((each) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(each))).toEqual([]);
    expect(text.match(/uses: \S+ # v\d+\.\d+\.\d+$/gm)).toHaveLength(used.length);
  });

  it("may write nothing unless a job says so", () => {
    expect(Object.values(workflow.permissions).filter((right) => right !== "read")).toEqual([]);
  });

  it("runs scripts that there are", () => {
    const commands = steps.flatMap(({ run = "", with: { version = "", publish = "" } = {} }) => [
      run,
      version,
      publish,
    ]);
    const versions: readonly string[] = workflow.jobs.matrix?.strategy.matrix.node ?? [];
    const named = commands
      .flatMap((command) => [
        command,
        ...versions.map((each) => command.replace(/\$\{\{ matrix.node \}\}/, each)),
      ])
      .filter((command) => !command.includes("${{"))
      .flatMap(
        (command) =>
          /^(?:npm run|npm|pnpm|node tooling\/bootstrap.mjs) ([\w:]+)/.exec(command)?.[1] ?? [],
      )
      .filter((name) => name !== "install");
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
