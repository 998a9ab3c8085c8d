import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

// Plain JavaScript, since the Node.js that a machine has may be too old to run TypeScript.

const root = fileURLToPath(new URL("..", import.meta.url));
const parentPollMs = 200;

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

/** The PATH on which the commands of these npm packages come first. npm fetches what it does not have. */
export async function pathWith(packages) {
  const [file, ...args] = process.env.npm_execpath?.endsWith("npm-cli.js")
    ? [process.execPath, process.env.npm_execpath]
    : ["npm"];
  const wanted = packages.map((name) => `--package=${name}`);
  const command = [
    "exec",
    "--yes",
    "--loglevel=error",
    ...wanted,
    "--",
    "node",
    "-p",
    "process.env.PATH",
  ];
  const child = start(file, [...args, ...command], {}, ["ignore", "pipe", "inherit"]);
  const [path, code] = await Promise.all([text(child.stdout), exit(child)]);
  if (code !== 0) {
    throw new Error(`npm could not fetch ${packages.join(" and ")}`);
  }
  return path.trim();
}

/** Runs a command in the workspace until it ends or this process is told to; settles with its exit code. */
export async function run([file, ...args], env, stdio = "inherit") {
  const child = start(file, args, env, stdio);
  const stop = () => child.kill("SIGTERM");
  // A terminal sends SIGINT to the child as well; SIGTERM comes to this process alone, and not even
  // here if npm's shell dies of it first.
  const ignore = () => {};
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid !== parent && stop(), parentPollMs);
  process.on("SIGINT", ignore).on("SIGTERM", stop);
  const code = await exit(child);
  process.off("SIGINT", ignore).off("SIGTERM", stop);
  clearInterval(watch);
  return code;
}

function start(file, args, env, stdio) {
  const shell = process.platform === "win32";
  return spawn(file, args, { cwd: root, env: { ...process.env, ...env }, stdio, shell });
}

function exit(child) {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
