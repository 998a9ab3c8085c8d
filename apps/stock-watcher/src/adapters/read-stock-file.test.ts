import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { readStockFile } from "./read-stock-file.ts";

function fileOf(content: string | Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "stock-watcher-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "stock.jsonl");
  writeFileSync(path, content);
  return path;
}

/** "1 lamp-1" for a line that is read, "2: why" for one that is not. */
async function read(path: string): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of readStockFile(path)) {
    lines.push(
      "error" in line
        ? `${line.number}: ${line.error.violations[0]?.description}`
        : `${line.number} ${line.stock.sku}`,
    );
  }
  return lines;
}

const line = (sku: string, name = "Lamp") => JSON.stringify({ sku, name, quantity: 3, price: 9.5 });

describe("readStockFile", () => {
  it("numbers lines from 1, whatever ends them, and leaves out blank ones", async () => {
    const content = `\ufeff${line("a")}\r\n\n   \n${line("b")}\n${line("c")}`;
    expect(await read(fileOf(content))).toEqual(["1 a", "4 b", "5 c"]);
    expect(await read(fileOf(`${line("a")}\n`))).toEqual(["1 a"]);
    expect(await read(fileOf(""))).toEqual([]);
  });

  it("goes on after a line that is broken, too long or no text", async () => {
    const parts = [line("a"), '{"sku": "b', line("c", "x".repeat(70_000)), line("d")];
    const content = Buffer.concat([
      Buffer.from(`${parts.join("\n")}\n`),
      Buffer.from([0x22, 0xff, 0x0a]),
      Buffer.from(line("f")),
    ]);
    expect(await read(fileOf(content))).toEqual([
      "1 a",
      expect.stringMatching(/^2: must be an object like/),
      "3: must have at most 65536 bytes",
      "4 d",
      "5: must be text in UTF-8",
      "6 f",
    ]);
  });

  it("reads lines that lie across the blocks of the file", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 8 }),
        async (lengths) => {
          const lines = lengths.map((length, index) => line(`s-${index}`, "ä".repeat(length / 2)));
          const skus = lengths.map((_, index) => `${index + 1} s-${index}`);
          expect(await read(fileOf(lines.join("\n")))).toEqual(skus);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("holds no more than a block of a line without an end", async () => {
    const path = fileOf("");
    truncateSync(path, 256 * 1_048_576);
    const before = process.memoryUsage.rss();
    expect(await read(path)).toEqual(["1: must have at most 65536 bytes"]);
    expect(process.memoryUsage.rss() - before).toBeLessThan(128 * 1_048_576);
  });

  it("says so when there is no file", async () => {
    await expect(read("/nowhere/stock.jsonl")).rejects.toMatchObject({
      name: "StockFileError",
      message: "the stock file cannot be read",
      cause: { code: "ENOENT" },
    });
  });
});
