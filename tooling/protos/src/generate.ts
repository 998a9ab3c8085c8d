/**
 * `node src/generate.ts` writes the TypeScript of every proto; with `--check` it writes nothing and
 * fails when what is committed differs from what it would write.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, runBuf } from "./buf.ts";
import { descriptorsModule, viewInsteadOfCopy } from "./generated-code.ts";

const protos = `${root}/protos`;

const outputs = [
  {
    folder: "packages/generated-protos/src/gen",
    template: "buf.gen.yaml",
    descriptors: ["--exclude-path", "fixtures", "--exclude-path", "grpc/testing"],
  },
  {
    folder: "tooling/testing/src/gen",
    template: "buf.gen.fixtures.yaml",
    descriptors: ["--path", "fixtures"],
  },
  {
    folder: "tooling/interop/src/gen",
    template: "buf.gen.interop.yaml",
    descriptors: ["--path", "grpc/testing"],
  },
];

function filesIn(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => name.endsWith(".ts")).sort();
  return new Map(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

function generateInto(target: string, { folder, template, descriptors }: (typeof outputs)[number]) {
  runBuf(protos, "generate", "--template", template, "-o", target);
  const written = join(target, folder);
  for (const [name, code] of filesIn(written)) {
    writeFileSync(join(written, name), viewInsteadOfCopy(code));
  }
  const binary = join(target, "descriptors.binpb");
  runBuf(
    protos,
    "build",
    "--as-file-descriptor-set",
    "--exclude-source-info",
    ...descriptors,
    "-o",
    binary,
  );
  writeFileSync(join(written, "descriptors.ts"), descriptorsModule(readFileSync(binary)));
}

function differences(committed: Map<string, string>, fresh: Map<string, string>): string[] {
  const names = new Set([...committed.keys(), ...fresh.keys()]);
  return [...names].filter((name) => committed.get(name) !== fresh.get(name));
}

const check = process.argv.includes("--check");
const scratch = mkdtempSync(join(tmpdir(), "grpc-kit-generate-"));
try {
  for (const output of outputs) {
    generateInto(scratch, output);
    const [fresh, committed] = [join(scratch, output.folder), join(root, output.folder)];
    if (!check) {
      rmSync(committed, { recursive: true, force: true });
      cpSync(fresh, committed, { recursive: true });
      continue;
    }
    const stale = differences(filesIn(committed), filesIn(fresh));
    if (stale.length > 0) {
      process.exitCode = 1;
      process.stderr.write(
        `stale generated code in ${output.folder}: ${stale.join(", ")}\nrun \`pnpm generate\` and commit what it writes\n`,
      );
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
