import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { root } from "./workspace.ts";

const list = execFileSync("git", ["ls-files", "-coz", "--exclude-standard", "*.md"], {
  cwd: root,
  encoding: "utf8",
});
const pages = list.split("\0").filter((file) => file !== "" && existsSync(join(root, file)));

/** The anchors that GitHub gives the headings of a page. */
function anchors(page: string): string[] {
  const headings = readFileSync(page, "utf8").match(/^#+ .*$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, "")
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number}\p{Mark} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

it.each(pages)("%s links to what is there", (page) => {
  const text = readFileSync(join(root, page), "utf8").replaceAll(/```.*?```/gs, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const missing = targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? join(root, page) : join(root, dirname(page), path);
      return (
        !existsSync(file) ||
        (anchor !== undefined && file.endsWith(".md") && !anchors(file).includes(anchor))
      );
    });
  expect(missing).toEqual([]);
});
