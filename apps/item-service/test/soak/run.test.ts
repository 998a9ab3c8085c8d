import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";

const program = fileURLToPath(new URL("../../soak/run.ts", import.meta.url));

async function runSoak(minutes: string) {
  const child = spawn(process.execPath, ["--conditions=@grpc-kit/source", program, minutes]);
  const exit = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await exit;
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    exit,
  ]);
  return { code, stdout, stderr };
}

it("soaks for some seconds, shows how it goes, and finds nothing wrong", async () => {
  const { code, stdout, stderr } = await runSoak("0.05");
  expect(stderr).toBe("");
  expect(stdout).toMatch(/elapsed +calls +calls\/s .*heap MiB/);
  expect(stdout).toMatch(/^ +0:0\d +\d+ +\d+ .*\d$/m);
  expect(stdout).toMatch(/^ok {3}calls made: [1-9]\d*$/m);
  expect(stdout).toMatch(/^ok {3}heap of service \d+: .*too short to tell/m);
  expect(stdout.split("\n").filter((line) => line.startsWith("FAIL"))).toEqual([]);
  expect(stdout).toContain("\nall is well\n");
  expect(code).toBe(0);
}, 60_000);

it("says how it is called instead of soaking for no time", async () => {
  const { code, stderr } = await runSoak("soon");
  expect(code).toBe(2);
  expect(stderr).toContain("Usage: pnpm soak [minutes]");
});
