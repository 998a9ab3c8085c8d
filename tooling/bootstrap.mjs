// `node tooling/bootstrap.mjs <script> [<program> <arguments>]` runs a script of the root package.json,
// and then a program, with the Node.js and the pnpm that the workspace needs. It fetches those that are
// missing: all that a machine must have is npm.
import { nodePackage, pathWith, readFile, run } from "./run-with-node.mjs";

const [script, program, ...args] = process.argv.slice(2);
const [major, minor, patch] = process.versions.node.split(".").map(Number);
// As `engines` in package.json has it: ^22.22.2 || >=24.14.1
const hasNode =
  major > 24 ||
  (major === 22 && (minor > 22 || (minor === 22 && patch >= 2))) ||
  (major === 24 && (minor > 14 || (minor === 14 && patch >= 1)));
const hasPnpm = hasNode && process.env.npm_config_user_agent?.startsWith("pnpm/");

const nodeVersion = hasNode ? process.versions.node : readFile(".node-version").trim();
// turbo caches by the second.
const env = { TURBO_TELEMETRY_DISABLED: "1", GRPC_KIT_NODE: nodeVersion };
if (!hasPnpm) {
  env.PATH = await pathWith([
    ...(hasNode ? [] : [nodePackage(nodeVersion)]),
    // The very version that package.json names: pnpm would fetch that one itself, and from elsewhere.
    JSON.parse(readFile("package.json")).packageManager,
  ]);
}
// stdout is the program's: what it prints may go to another program.
const stdio = program === undefined ? "inherit" : ["inherit", 2, "inherit"];
process.exitCode = await run(["pnpm", "run", script], env, stdio);
if (program !== undefined && process.exitCode === 0) {
  process.exitCode = await run(["node", program, ...args], env);
}
