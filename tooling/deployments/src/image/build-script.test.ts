import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { findProgram } from "../find-program.ts";
import { workspace } from "./dockerfile.ts";

const script = join(workspace, "deployments/docker/build.sh");
const digest = `@sha256:${"0123456789abcdef".repeat(4)}`;
const pinned = ["--build-image", `node:1${digest}`, "--runtime-image", `gcr.io/base:1${digest}`];
const none = { BUILD_IMAGE: "", RUNTIME_IMAGE: "", APP: "", TAG: "", SOURCE: "", TOOL: "" };

/** Runs the script with programs of these names before all others; they write their arguments to stdout. */
function build(
  args: readonly string[],
  { env, programs = {} }: { env?: NodeJS.ProcessEnv; programs?: Record<string, string> } = {},
) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\necho "${name} $*"\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const PATH = `${folder}:${process.env.PATH}`;
  const { status, stdout, stderr } = spawnSync(script, args, {
    env: { ...process.env, ...none, PATH, ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "grpc-kit-build-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe.skipIf(process.platform === "win32")("build.sh", () => {
  it("tells how it is used", () => {
    const { status, stdout } = build(["--help"]);
    const nodeVersion = readFileSync(join(workspace, ".node-version"), "utf8").trim();
    expect(status).toBe(0);
    expect(stdout).toContain(`docker.io/library/node:${nodeVersion}-bookworm-slim`);
  });

  it("refuses an image without a digest, and names the commands that print it", () => {
    const { status, stderr } = build(["--build-image", "node:26", ...pinned.slice(2)]);
    expect(status).toBe(2);
    expect(stderr).toContain("--build-image must end in @sha256:<digest>, got node:26");
    expect(stderr).toContain("docker buildx imagetools inspect node:26 ");
    expect(stderr).toContain("docker://node:26\n");
    const short = build([...pinned.slice(0, 3), "gcr.io/base@sha256:0123"]);
    expect(short.stderr).toContain("--runtime-image must end in @sha256:<digest>, got gcr.io/base");
  });

  it.each([
    [[], "--build-image must be an image with its digest, got none"],
    [pinned.slice(0, 2), "--runtime-image must be an image with its digest, got none"],
    [["--build"], "there is no option --build;"],
    [["--tag"], "--tag must have a value;"],
    [[...pinned, "--app", "shop"], "--app must be a folder of apps, got shop"],
    [[...pinned, "--tool", "podman"], "--tool must be docker or buildah, got podman"],
  ])("says what is wrong: %j", (args, message) => {
    const { status, stderr } = build(args);
    expect(stderr).toContain(`build.sh: ${message}`);
    expect(status).toBe(2);
  });

  it("builds by docker if its daemon answers", () => {
    const { status, stdout, stderr } = build([...pinned, "--", "--pull"], {
      programs: { docker: "", buildah: "exit 1" },
    });
    expect(stderr).toBe("");
    expect(stdout).toContain("docker buildx build --load --file deployments/docker/Dockerfile ");
    expect(stdout).toContain(`--build-arg BUILD_IMAGE=node:1${digest} `);
    expect(stdout).toContain("--build-arg VERSION=0.0.0 ");
    expect(stdout).toContain(" --pull .\n");
    expect(stdout).toContain("grpc-kit/item-service:0.0.0: docker images ");
    expect(status).toBe(0);
  });

  it("builds by buildah otherwise, and takes its options from the environment", () => {
    const { status, stdout } = build([], {
      env: {
        BUILD_IMAGE: `node:1${digest}`,
        RUNTIME_IMAGE: `base:1${digest}`,
        APP: "stock-watcher",
        TAG: "watcher:1",
      },
      programs: { docker: '[ "$1" != info ] || exit 1', buildah: "" },
    });
    expect(stdout).toContain("buildah build --file deployments/docker/Dockerfile --tag watcher:1 ");
    expect(stdout).toContain("--build-arg APP=stock-watcher ");
    expect(status).toBe(0);
  });

  it("says what to install if there is neither", () => {
    const folder = temporaryFolder();
    for (const name of ["cat", "dirname", "git", "sed"]) {
      symlinkSync(findProgram(name) ?? "", join(folder, name));
    }
    const { status, stderr } = spawnSync(findProgram("bash") ?? "", [script, ...pinned], {
      env: { PATH: folder },
      encoding: "utf8",
    });
    expect(stderr).toMatch(/^build\.sh: needs docker .*, or buildah: install one of them\n$/);
    expect(status).toBe(1);
  });
});
