import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Plain JavaScript, since the Node.js that a machine has may be too old to run TypeScript.

const root = fileURLToPath(new URL("..", import.meta.url));

/** The text of a file of the workspace. */
export function readFile(name) {
  return readFileSync(`${root}/${name}`, "utf8");
}

/**
 * The npm package that is a Node.js of this version for this machine. The one for all machines, `node`,
 * runs a script at install time.
 */
export function nodePackage(version) {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const isAppleSilicon = platform === "darwin" && process.arch === "arm64";
  return `${isAppleSilicon ? "node-bin" : "node"}-${platform}-${process.arch}@${version}`;
}

/** Runs a command in the workspace with these npm packages first on its PATH; settles with its exit code. */
export function runWith(packages, command, env = {}) {
  const npm = process.env.npm_execpath?.endsWith("npm-cli.js")
    ? [process.execPath, process.env.npm_execpath]
    : ["npm"];
  const wanted = packages.map((name) => `--package=${name}`);
  return run([...npm, "exec", "--yes", "--loglevel=error", ...wanted, "--", ...command], env);
}

/** Runs a command in the workspace; settles with its exit code. */
export function run([file, ...args], env = {}) {
  const child = spawn(file, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  // A terminal sends SIGINT to the child as well; SIGTERM comes to this process alone.
  const forward = () => child.kill("SIGTERM");
  process.on("SIGINT", () => {});
  process.on("SIGTERM", forward);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      process.off("SIGTERM", forward);
      resolve(code ?? (signal === "SIGTERM" || signal === "SIGINT" ? 0 : 1));
    });
  });
}
