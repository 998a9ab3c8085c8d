// Runs the tests on the other lines of Node.js that are supported, each in its newest release.
import { nodePackage, runWith } from "./run-with-node.mjs";

for (const version of ["22.23.3", "24.21.0"]) {
  process.stdout.write(`\nNode.js ${version}\n`);
  // The variable is part of what turbo caches by.
  const env = { GRPC_KIT_NODE: version };
  const command = ["pnpm", "exec", "turbo", "run", "test", "e2e"];
  const code = await runWith([nodePackage(version)], command, env);
  if (code !== 0) {
    process.exitCode = code;
    break;
  }
}
