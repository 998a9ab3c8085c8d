import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { serverEngines } from "./servers/engines.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("run.ts", import.meta.url));

// Each engine is asked all four kinds of call before it is measured, and each answer is looked at.
it("measures servers and their memory, in a smoke run", async () => {
  const args = ["--conditions=@grpc-kit/source", program, "servers", "memory", "--quick"];
  const { stdout } = await run(process.execPath, args);
  const scenarios = stdout.split("\n\n");
  const servers = scenarios.filter((text) => text.startsWith("servers: "));
  expect(servers).toHaveLength(8);
  for (const scenario of servers) {
    const rows = scenario.trimEnd().split("\n").slice(2);
    expect(rows.map((row) => row.trim().split(/ +/)[0])).toEqual(serverEngines);
    for (const row of rows) {
      expect(row).toMatch(/( +\d+\.\d+){3}$/);
    }
  }
  expect(scenarios.filter((text) => text.startsWith("memory: "))).toHaveLength(2);
}, 120_000);
