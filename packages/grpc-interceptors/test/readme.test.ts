import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { quickstart, readmeExample, runQuickstart } from "@grpc-kit/testing/readme";
import { expect, it, onTestFinished } from "vitest";

const folder = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

it("shows its quick start in the README", () => {
  expect(readmeExample(folder)).toBe(quickstart(folder));
});

it("prints what the README says", async () => {
  const lines = (await runQuickstart(folder)).trimEnd().split("\n");
  const logged = (code: string) => expect.stringMatching(`^{"level":30,.*"grpc.code":"${code}"`);
  const counted = (code: string, calls: number) =>
    expect.stringMatching(`^grpc_server_handled_total{.*grpc_code="${code}"} ${calls}$`);
  // A call may be answered before it is logged.
  const logs = lines.filter((line) => line.startsWith("{"));
  expect(logs).toEqual([logged("UNAUTHENTICATED"), logged("OK")]);
  expect(lines.filter((line) => !logs.includes(line))).toEqual([
    "16 UNAUTHENTICATED: credentials are missing",
    "a lamp for ada",
    expect.stringMatching(/^# HELP grpc_server_handled_total /),
    "# TYPE grpc_server_handled_total counter",
    counted("Unauthenticated", 1),
    counted("OK", 1),
  ]);
});

it("has programs in its docs that compile", async () => {
  const programs = mkdtempSync(`${folder}test/.docs-`);
  onTestFinished(() => rmSync(programs, { recursive: true }));
  const docs = readdirSync(`${folder}docs`);
  expect(docs).not.toHaveLength(0);
  for (const name of docs) {
    const program = /```ts\n(.*?)```/s.exec(readFileSync(`${folder}docs/${name}`, "utf8"))?.[1];
    expect(program, `${name} has no program`).toBeDefined();
    writeFileSync(`${programs}/${name}.ts`, program ?? "");
  }
  const config = {
    extends: "@grpc-kit/tsconfig/library.json",
    // What a program shows and does not use is for its reader.
    compilerOptions: { noUnusedLocals: false },
    include: ["./*"],
  };
  writeFileSync(`${programs}/tsconfig.json`, JSON.stringify(config));
  const tsc = `${folder}node_modules/typescript/bin/tsc`;
  await run(process.execPath, [tsc, "-p", programs]).catch(({ stdout, stderr }) => {
    throw new Error(`${stdout}${stderr}`);
  });
});

it("asks for an optional library in its own subpath alone", async () => {
  const { exports } = JSON.parse(readFileSync(`${folder}package.json`, "utf8"));
  const subpaths = Object.keys(exports).filter((subpath) => subpath !== "./package.json");
  const loaded = await Promise.all(subpaths.map(librariesOf));
  expect(Object.fromEntries(subpaths.map((subpath, at) => [subpath, loaded[at]]))).toEqual({
    "./server": "",
    "./server/auth": "jose",
    "./server/metrics": "prom-client",
    "./server/tracing": "@opentelemetry/api",
    "./client": "",
    "./client/metrics": "prom-client",
    "./client/tracing": "@opentelemetry/api",
    "./metadata": "",
  });
});

async function librariesOf(subpath: string): Promise<string> {
  const script = `
    const { registerHooks } = await import("node:module");
    const asked = new Set();
    registerHooks({
      resolve(specifier, context, next) {
        if (context.parentURL?.includes("grpc-interceptors/src/")) {
          asked.add(specifier);
        }
        return next(specifier, context);
      },
    });
    await import("@grpc-kit/grpc-interceptors${subpath.slice(1)}");
    const libraries = ["jose", "prom-client", "@opentelemetry/api"];
    process.stdout.write(libraries.filter((name) => asked.has(name)).join());`;
  const flags = ["--conditions=@grpc-kit/source", "--input-type=module", "--eval", script];
  return (await run(process.execPath, flags, { cwd: folder })).stdout;
}
