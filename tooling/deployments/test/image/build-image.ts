import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "../../src/find-program.ts";
import { buildBaseEnv, fillBuildBase, fillRuntimeBase, findNpm } from "./base-images.ts";

/** What an image says of itself: https://github.com/opencontainers/image-spec/blob/main/config.md */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd?: readonly string[];
  readonly ExposedPorts: Readonly<Record<string, unknown>>;
  readonly Volumes: Readonly<Record<string, unknown>>;
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
}

export interface BuiltImage {
  /** Where its files are. */
  readonly root: string;
  /** Where those of the base are that it was made on. */
  readonly base: string;
  readonly config: ImageConfig;
}

const workspace = fileURLToPath(new URL("../../../..", import.meta.url));
const buildScript = join(workspace, "deployments/docker/build.sh");
const nodeVersion = readFileSync(join(workspace, ".node-version"), "utf8").trim();

/** Why no image can be built and run here; undefined if one can. */
export function whyNoImage(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    return "it needs Linux, and to be root";
  }
  if (process.versions.node !== nodeVersion) {
    return `it needs Node.js ${nodeVersion}, got ${process.versions.node}`;
  }
  for (const name of ["buildah", "unshare", "setpriv", "ldd", "pnpm"]) {
    if (findProgram(name) === undefined) {
      return `it needs ${name}; for buildah: apt-get install buildah`;
    }
  }
  if (findNpm() === undefined) {
    return "it needs npm as Node.js has it, in one folder";
  }
  try {
    const mount = ["mount", "-t", "tmpfs", "tmpfs", "/mnt"];
    execFileSync("unshare", ["--mount", "--pid", "--fork", ...mount], { stdio: "pipe" });
  } catch {
    return "it needs the right to make namespaces and to mount: a privileged container";
  }
  return undefined;
}

/** Builds images by buildah, with a store of their own. Whoever makes one calls `remove` in the end. */
export interface ImageBuilder {
  build(app: string): BuiltImage;
  remove(): void;
}

export function createImageBuilder(): ImageBuilder {
  const folder = mkdtempSync(join(tmpdir(), "grpc-kit-image-"));
  const configuration = join(folder, "storage.conf");
  // The driver that needs nothing of the file system below.
  const storage = {
    driver: "vfs",
    graphroot: join(folder, "images"),
    runroot: join(folder, "run"),
  };
  const lines = Object.entries(storage).map(([name, value]) => `${name} = "${value}"`);
  writeFileSync(configuration, ["[storage]", ...lines, ""].join("\n"));
  const env = {
    ...process.env,
    TMPDIR: folder,
    CONTAINERS_STORAGE_CONF: configuration,
    // They need no daemon, no cgroups and no network of their own; and no layers, each of which vfs would copy.
    BUILDAH_ISOLATION: "chroot",
    BUILDAH_LAYERS: "false",
  };
  const run = (file: string, ...args: readonly string[]): string =>
    execFileSync(file, args, { env, encoding: "utf8", stdio: "pipe", maxBuffer: 2 ** 26 }).trim();
  const makeBase = (name: string, fill: (root: string) => void, variables = {}): string => {
    const container = run("buildah", "from", "scratch");
    const root = run("buildah", "mount", container);
    fill(root);
    for (const [key, value] of Object.entries(variables)) {
      run("buildah", "config", "--env", `${key}=${value}`, container);
    }
    run("buildah", "commit", "--quiet", container, name);
    return root;
  };
  const buildImage = "localhost/build-base";
  const runtimeImage = "localhost/runtime-base";
  makeBase(buildImage, (root) => fillBuildBase(root, findNpm() ?? ""), buildBaseEnv);
  const base = makeBase(runtimeImage, fillRuntimeBase);

  return {
    build(app) {
      const tag = `localhost/${app}:test`;
      const bases = ["--build-image", buildImage, "--runtime-image", runtimeImage];
      const options = ["--tool", "buildah", "--app", app, "--tag", tag, "--allow-unpinned"];
      run(buildScript, ...bases, ...options, "--", ...fromThisMachine());
      const container = run("buildah", "from", tag);
      const inspected = JSON.parse(run("buildah", "inspect", "--type", "image", tag));
      const root = run("buildah", "mount", container);
      return { root, base, config: inspected.OCIv1.config };
    },
    remove() {
      run("buildah", "rm", "--all");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Gives the build what has been fetched on this machine, so that it needs no network, and whatever its registry asks for. */
function fromThisMachine(): string[] {
  const read = (file: string, ...args: readonly string[]): string =>
    execFileSync(file, args, { encoding: "utf8", cwd: workspace }).trim();
  const { XDG_CACHE_HOME: caches = join(homedir(), ".cache") } = process.env;
  const folders = {
    "/pnpm/store": dirname(read("pnpm", "store", "path")),
    "/root/.cache/pnpm": join(caches, "pnpm"),
    "/root/.npm": read("npm", "config", "get", "cache"),
  };
  const npmrc = join(homedir(), ".npmrc");
  return [
    ...Object.entries(folders).flatMap(([inside, here]) => {
      mkdirSync(here, { recursive: true });
      return ["--volume", `${here}:${inside}`];
    }),
    ...(existsSync(npmrc) ? ["--secret", `id=npmrc,src=${npmrc}`] : []),
  ];
}
