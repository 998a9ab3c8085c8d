import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";

export interface Figures {
  readonly name: string;
  readonly tarballKilobytes: number;
  /** Of all that npm installs with it, grpc-js among it. */
  readonly installedMegabytes: number;
  readonly installedPackages: number;
  /** From the start of `import()` to its end in a new process: the median of five. */
  readonly importMs: number;
  /** The same for @grpc/grpc-js alone, which each of them needs. */
  readonly engineImportMs: number;
}

/** Measures a package in a project where it is installed alone. */
export async function measure(
  folder: string,
  entry: string,
  name: string,
  tarball: string,
): Promise<Figures> {
  const files = readdirSync(join(folder, "node_modules"), { recursive: true, encoding: "utf8" });
  const bytes = files.map((file) => statSync(join(folder, "node_modules", file)).size);
  return {
    name,
    tarballKilobytes: statSync(tarball).size / 1024,
    installedMegabytes: bytes.reduce((sum, size) => sum + size, 0) / 1024 ** 2,
    installedPackages: files.filter((file) =>
      /(^|node_modules\/)(@[^/]+\/)?[^/]+\/package\.json$/.test(file),
    ).length,
    importMs: await medianImportMs(folder, entry),
    engineImportMs: await medianImportMs(folder, "@grpc/grpc-js"),
  };
}

async function medianImportMs(folder: string, entry: string): Promise<number> {
  const code = `const start = performance.now();
    await import(${JSON.stringify(entry)});
    console.log(performance.now() - start);`;
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    times.push(
      Number(await run(folder, process.execPath, ["--input-type=module", "--eval", code])),
    );
  }
  return times.sort((a, b) => a - b)[2] ?? Number.NaN;
}

export function figuresTable(all: readonly Figures[]): string {
  const row = (cells: readonly string[]): string =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(30) : cell.padStart(16))).join("");
  return [
    row(["package", "tarball KB", "installed MB", "packages", "import ms", "of it grpc-js"]),
    ...all.map((figures) =>
      row([
        figures.name,
        figures.tarballKilobytes.toFixed(0),
        figures.installedMegabytes.toFixed(1),
        String(figures.installedPackages),
        figures.importMs.toFixed(0),
        figures.engineImportMs.toFixed(0),
      ]),
    ),
  ].join("\n");
}
