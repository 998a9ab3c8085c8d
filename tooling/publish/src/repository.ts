import type { Manifest } from "./workspace.ts";

/** The manifest of a package that is in this folder of a repository on GitHub, as in "owner/name". */
export function withRepository(manifest: Manifest, directory: string, slug: string): Manifest {
  if (!/^[\w.-]+\/[\w.-]+$/.test(slug)) {
    throw new TypeError(
      `GITHUB_REPOSITORY must be the owner and the name of the repository, as in "owner/name", got "${slug}"`,
    );
  }
  const url = `git+https://github.com/${slug}.git`;
  return { ...manifest, repository: { type: "git", url, directory } };
}
