import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { root } from "../src/workspace.ts";
import { run } from "./run.ts";

const folder = fileURLToPath(new URL("..", import.meta.url));
const readExample = (name: string): string => readFileSync(join(folder, "examples", name), "utf8");
const options = ["--conditions=@grpc-kit/source", "--input-type=module-typescript", "--eval"];

it("shows a server and a client, each of some twenty lines", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  for (const name of ["server.ts", "client.ts"]) {
    const example = readExample(name);
    expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
    expect(
      example.split("\n").filter((line) => line !== "" && !line.startsWith("import ")).length,
    ).toBeLessThanOrEqual(20);
  }
});

it("shows a server that its client can call", async () => {
  const server = spawn(
    process.execPath,
    [...options, readExample("server.ts").replace("50_051", "0")],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const exit = once(server, "exit");
  onTestFinished(() => {
    server.kill("SIGKILL");
  });
  let output = "";
  const target = await new Promise<string>((resolve) => {
    server.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const [, port] = /listening on \S+:(\d+)/.exec(output) ?? [];
      if (port !== undefined) {
        resolve(`127.0.0.1:${port}`);
      }
    });
  });
  const client = readExample("client.ts").replace("127.0.0.1:50051", target);
  expect(await run(folder, process.execPath, [...options, client])).toBe(
    "10 lamps\nthere is no stock of chair-1\n",
  );
  server.kill("SIGINT");
  expect(await exit).toEqual([0, null]);
  const logged = output.split("\n").filter((line) => line.startsWith("{"));
  expect(logged.map((line) => JSON.parse(line)["grpc.code"])).toEqual(["OK", "NOT_FOUND"]);
});
