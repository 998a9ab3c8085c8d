/**
 * `node src/set-repository.ts` writes into each package where it comes from, as the release workflow knows it. npm
 * takes provenance only for packages that name the repository of their workflow:
 * https://docs.npmjs.com/generating-provenance-statements
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { withRepository } from "./repository.ts";
import { packagesIn, root } from "./workspace.ts";

const slug = process.env.GITHUB_REPOSITORY ?? "";
for (const { folder, manifest } of packagesIn()) {
  const text = JSON.stringify(withRepository(manifest, folder, slug), undefined, 2);
  writeFileSync(join(root, folder, "package.json"), `${text}\n`);
}
