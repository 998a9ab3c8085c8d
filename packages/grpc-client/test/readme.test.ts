import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { quickstart, readmeExample, runQuickstart } from "@grpc-kit/testing/readme";
import { expect, it } from "vitest";

const folder = fileURLToPath(new URL("..", import.meta.url));

/** What an example prints. It fails if the example does, or leaves something open. */
async function run(example: string): Promise<string> {
  const args = ["--conditions=@grpc-kit/source", `examples/${example}.ts`];
  const options = { cwd: folder, timeout: 15_000 };
  return (await promisify(execFile)(process.execPath, args, options)).stdout;
}

it("shows its quick start in the README", () => {
  expect(readmeExample(folder)).toBe(quickstart(folder));
});

it("prints what the README says", async () => {
  expect(await runQuickstart(folder)).toBe(`a lamp, by call 2
a lamp
a chair
NOT_FOUND: there is no item 8
`);
});

it("has an example of what calls get of the time of others", async () => {
  const lines = (await run("budget")).trimEnd().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines).toEqual(
    expect.arrayContaining([
      "stock has at most 850 ms: true",
      "stock is told to stop",
      "shop says DEADLINE_EXCEEDED",
    ]),
  );
});

it("has an example of tests with a fake stub", async () => {
  await expect(run("fake-stub")).resolves.toContain("names an item");
});
