// Runs the tests on the other lines of Node.js that are supported, each in its newest release:
// `node tooling/test-matrix.mjs [major…]`.
import { nodePackage, pathWith, run } from "./run-with-node.mjs";

const majors = process.argv.slice(2);
const versions = ["22.23.3", "24.21.0"].filter(
  (version) => majors.length === 0 || majors.includes(version.split(".")[0]),
);
if (versions.length === 0) {
  throw new Error(`there is no other line of Node.js with the major version ${majors.join(", ")}`);
}

for (const version of versions) {
  process.stdout.write(`\nNode.js ${version}\n`);
  // The variable is part of what turbo caches by.
  const env = { PATH: await pathWith([nodePackage(version)]), GRPC_KIT_NODE: version };
  // What is deployed and published is the same on each line, and a bench has nothing to say about it. The attacks are
  // for the newest, since Node.js 22 does not stand all of them: see "Not defended" of grpc-server.
  const excluded = ["deployments-tooling", "publish", "bench", "faults"];
  const others = excluded.map((name) => `--filter=!@grpc-kit/${name}`);
  const tasks = ["test", "e2e", ...others];
  process.exitCode = await run(["pnpm", "exec", "turbo", "run", ...tasks], env);
  if (process.exitCode !== 0) {
    break;
  }
}
