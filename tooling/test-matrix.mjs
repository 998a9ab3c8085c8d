// Runs the tests on the other lines of Node.js that are supported, each in its newest release.
import { nodePackage, pathWith, run } from "./run-with-node.mjs";

for (const version of ["22.23.3", "24.21.0"]) {
  process.stdout.write(`\nNode.js ${version}\n`);
  // The variable is part of what turbo caches by.
  const env = { PATH: await pathWith([nodePackage(version)]), GRPC_KIT_NODE: version };
  // What is deployed is the same on each line.
  const tasks = ["test", "e2e", "--filter=!@grpc-kit/deployments-tooling"];
  process.exitCode = await run(["pnpm", "exec", "turbo", "run", ...tasks], env);
  if (process.exitCode !== 0) {
    break;
  }
}
