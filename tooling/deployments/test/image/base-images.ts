import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { findProgram } from "../../src/find-program.ts";

/** What the build stage runs, beside Node.js. */
const commands = "cat cp dirname env find mkdir readlink rm sed sh uname".split(" ");
const certificates = "/etc/ssl/certs/ca-certificates.crt";

/** The folder of the npm that is installed; undefined if it is not all in one folder, or missing. */
export function findNpm(): string | undefined {
  const program = findProgram("npm");
  // <folder>/bin/npm-cli.js
  const folder = program && join(realpathSync(program), "../..");
  return folder && existsSync(join(folder, "node_modules")) ? folder : undefined;
}

/** Fills an empty folder with what `RUNTIME_IMAGE` must have: libraries, but libatomic, and no shell. */
export function fillRuntimeBase(root: string): void {
  makeFolders(root);
  copyLibraries(root, process.execPath, (library) => !library.includes("/libatomic."));
}

/** Fills an empty folder with what `BUILD_IMAGE` must have: Node.js, npm and a shell, those of this machine. */
export function fillBuildBase(root: string, npm: string): void {
  makeFolders(root);
  for (const name of commands) {
    const program = findProgram(name);
    if (program === undefined) {
      throw new Error(`${name} must be installed`);
    }
    copyProgram(root, program, `/usr/bin/${name}`);
  }
  copyProgram(root, process.execPath, "/usr/local/bin/node");
  cpSync(npm, join(root, "usr/local/lib/node_modules/npm"), { recursive: true });
  symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(root, "usr/local/bin/npm"));
  const { NODE_EXTRA_CA_CERTS: extra = certificates } = process.env;
  if (existsSync(extra)) {
    copyFileSync(extra, join(root, certificates));
  }
}

/** Where the build finds the certificates of this machine. */
export const buildBaseEnv: Readonly<Record<string, string>> = { NODE_EXTRA_CA_CERTS: certificates };

function makeFolders(root: string): void {
  const folders = "dev etc/ssl/certs proc root tmp usr/bin usr/lib usr/lib64 usr/local/bin";
  for (const folder of folders.split(" ")) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  chmodSync(join(root, "tmp"), 0o1777);
  for (const name of ["bin", "lib", "lib64"]) {
    symlinkSync(`usr/${name}`, join(root, name));
  }
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
}

function copyProgram(root: string, program: string, path: string): void {
  copy(program, join(root, path));
  copyLibraries(root, program);
}

function copyLibraries(
  root: string,
  program: string,
  filter: (path: string) => boolean = () => true,
) {
  const listed = execFileSync("ldd", [program], { encoding: "utf8" });
  // "libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)", and the loader without an arrow.
  for (const [library] of listed.matchAll(/\/\S+/g)) {
    if (filter(library)) {
      copy(library, join(root, library));
    }
  }
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(realpathSync(from), to);
}
