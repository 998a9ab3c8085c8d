import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packagesIn, root } from "./workspace.ts";

/** Values that each entry exports, and the members of exported interfaces whose names end in Options. */
function promisedNames(folder: string): string[] {
  const sources = globSync("src/**/*.ts", { cwd: join(root, folder) })
    .filter((file) => !file.endsWith(".test.ts"))
    .map((file) => ({ file, text: readFileSync(join(root, folder, file), "utf8") }));
  const exported = sources
    .filter(({ file }) => file.endsWith("index.ts"))
    .flatMap(({ text }) => [...text.matchAll(/^export (type )?\{([^}]*)\}/gm)])
    .flatMap(([, type = "", list = ""]) =>
      list.split(",").map((name) => type + name.trim().replace(/^.* as /, "")),
    );
  const types = new Set(
    exported.filter((name) => name.startsWith("type ")).map((name) => name.slice(5)),
  );
  const options = sources
    .flatMap(({ text }) => [
      ...text.matchAll(/^export interface (\w+Options)\b[^{]*\{\n(.*?)^\}/gms),
    ])
    .filter(([, name = ""]) => types.has(name))
    .flatMap(([, , body = ""]) => [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)])
    .map(([, name = ""]) => name);
  const values = exported.filter((name) => name !== "" && !name.startsWith("type "));
  return [...new Set([...values, ...options])].sort();
}

describe("README and docs name every export and every option", () => {
  const packages = packagesIn().filter(({ folder }) => !folder.endsWith("generated-protos"));
  it.each(packages.map(({ folder }) => folder))("%s", (folder) => {
    const pages = globSync("{README.md,docs/*.md}", { cwd: join(root, folder) });
    const text = pages.map((page) => readFileSync(join(root, folder, page), "utf8")).join("\n");
    const names = promisedNames(folder);
    expect(names.length).toBeGreaterThan(2);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });
});
