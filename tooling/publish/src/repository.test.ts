import { expect, it } from "vitest";
import { withRepository } from "./repository.ts";
import { readManifest } from "./workspace.ts";

it("says where a package comes from, and keeps all else", () => {
  const manifest = readManifest("packages/grpc-status");
  expect(withRepository(manifest, "packages/grpc-status", "some-owner/grpc-kit")).toEqual({
    ...manifest,
    repository: {
      type: "git",
      url: "git+https://github.com/some-owner/grpc-kit.git",
      directory: "packages/grpc-status",
    },
  });
});

it.each(["", "grpc-kit", "https://github.com/owner/name", "a/b/c"])("refuses %j", (slug) => {
  expect(() => withRepository(readManifest("packages/grpc-status"), ".", slug)).toThrow(
    `GITHUB_REPOSITORY must be the owner and the name of the repository, as in "owner/name", got "${slug}"`,
  );
});
