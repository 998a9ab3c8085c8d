import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Row } from "../../row.ts";

const folder = fileURLToPath(new URL("../../../../protos/", import.meta.url));

export const generatedCode: Row = {
  id: "H7",
  fault: "generated code that is not that of the protos",
  promise: "generated again it has the same bytes",
  isQuick: false,
  async run() {
    const args = ["src/generate.ts", "--check"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
    return { measured: stdout.trim().split("\n").at(-1) || "no difference", misses: [] };
  },
};
