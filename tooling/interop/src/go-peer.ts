import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Command } from "./peers.ts";

const run = promisify(execFile);
const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Where Debian keeps Go packages: it builds its own programs without a network. */
const debianGoPath = "/usr/share/gocode";
const cache = pathOf("../node_modules/.cache/interop-go");
const buf = pathOf("../../../node_modules/.bin/buf");

/** Whether grpc-go is here, and what builds it. */
export function hasGo(): boolean {
  const hasPackages = existsSync(`${debianGoPath}/src/google.golang.org/grpc`);
  return hasPackages && spawnSync("go", ["version"]).status === 0;
}

/** Builds a program of `go/`: a minute the first time, a second from then on. */
export async function goProgram(name: "client" | "server"): Promise<Command> {
  // A folder for each: both may be built at once, by tests of their own.
  const folder = join(cache, name);
  const goPath = [folder, debianGoPath].join(delimiter);
  const env = {
    ...process.env,
    ...{ GO111MODULE: "off", GOPATH: goPath, GOCACHE: join(cache, "build"), GOFLAGS: "" },
  };
  const build = async (program: string, source: string, cwd?: string): Promise<string> => {
    const binary = join(folder, program);
    await run("go", ["build", "-o", binary, source], { env, cwd });
    return binary;
  };
  mkdirSync(join(folder, "src"), { recursive: true });
  const plugin = await build("protoc-gen-go", "github.com/golang/protobuf/protoc-gen-go");
  const template = join(folder, "buf.gen.json");
  writeFileSync(template, JSON.stringify(generation(plugin, join(folder, "src"))));
  await run(buf, ["generate", "--template", template], { cwd: pathOf("../../../protos") });
  return [await build(name, `./${name}`, pathOf("../go"))];
}

function generation(plugin: string, out: string): unknown {
  return {
    version: "v2",
    inputs: [{ directory: ".", paths: ["grpc/testing"] }],
    plugins: [{ local: plugin, out, strategy: "all", opt: ["plugins=grpc"] }],
  };
}
