// `node tooling/bootstrap.mjs <script> [arguments]` runs a script of the root package.json with the
// Node.js and the pnpm that the workspace needs, and fetches those that are missing: all that a
// machine must have is npm.
import { nodePackage, readFile, run, runWith } from "./run-with-node.mjs";

const [script, ...args] = process.argv.slice(2);
const [major, minor] = process.versions.node.split(".").map(Number);
const hasNode = major > 22 || (major === 22 && minor >= 13);
const hasPnpm = hasNode && process.env.npm_config_user_agent?.startsWith("pnpm/");

const command = ["pnpm", "run", script, ...args];
const packages = [
  ...(hasNode ? [] : [nodePackage(readFile(".node-version").trim())]),
  // The very version that package.json names: pnpm would fetch that one itself, and from elsewhere.
  JSON.parse(readFile("package.json")).packageManager,
];
process.exitCode = await (hasPnpm ? run(command) : runWith(packages, command));
