import { quickstart } from "@grpc-kit/testing/readme";
import { describe, expect, it } from "vitest";
import { importedPackages, installSection, packagesIn, root } from "./workspace.ts";

describe("a README tells to install what its quick start imports", () => {
  it.each(packagesIn().map(({ folder }) => folder))("%s", (folder) => {
    const install = installSection(folder);
    const imported = importedPackages(quickstart(`${root}/${folder}`));
    expect(imported).not.toEqual([]);
    // pnpm does not give a package what only its dependencies have.
    expect(
      imported.filter((name) => !new RegExp(`(^|[ \`])${name}($|[ \`\n])`).test(install)),
    ).toEqual([]);
  });
});
