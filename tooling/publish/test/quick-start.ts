import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";

const compilerOptions = {
  target: "es2024",
  module: "nodenext",
  strict: true,
  skipLibCheck: false,
  types: ["node"],
};

/** A program with `import` as one for CommonJS: its own lines go into a function, for `await`. */
export function asScript(code: string): string {
  const imports = [...code.matchAll(/^import [^;]*;\n/gm)].map(([text]) => text);
  const rest = imports.reduce((text, statement) => text.replace(statement, ""), code);
  return `${imports.join("")}\nasync function main(): Promise<void> {\n${rest}\n}\nvoid main();\n`;
}

/** Type-checks and runs the program in a folder where its packages are installed, as a module. Gives what it prints. */
export function runAsModule(folder: string, tsc: string, code: string): Promise<string> {
  return compileAndRun(folder, tsc, "module", code);
}

/** The same with each package loaded by `require`. */
export function runAsCommonJs(folder: string, tsc: string, code: string): Promise<string> {
  return compileAndRun(folder, tsc, "commonjs", asScript(code));
}

async function compileAndRun(
  folder: string,
  tsc: string,
  type: "module" | "commonjs",
  code: string,
): Promise<string> {
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const [source, compiled] = type === "module" ? ["m.mts", "m.mjs"] : ["c.cts", "c.cjs"];
  write(source, code);
  write("tsconfig.json", JSON.stringify({ compilerOptions, files: [source] }));
  await run(folder, process.execPath, [tsc, "-p", "."]);
  return run(folder, process.execPath, [compiled]);
}
