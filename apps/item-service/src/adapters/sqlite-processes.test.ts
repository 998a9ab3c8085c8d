import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { openSqliteDatabase } from "./sqlite-database.ts";
import { createSqliteItemRepository } from "./sqlite-item-repository.ts";

const PROCESSES = 4;
const CHANGES = 50;
const flags = [
  "--conditions=@grpc-kit/source",
  "--experimental-strip-types",
  "--input-type=module",
  "--eval",
];
const id = "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b";

// Each opens and migrates the same new file once told to, and counts the same item up.
const script = `
  import { openSqliteDatabase } from ${moduleUrl("sqlite-database.ts")};
  import { createSqliteItemRepository } from ${moduleUrl("sqlite-item-repository.ts")};
  import { migrateSqliteDatabase } from ${moduleUrl("sqlite-migrations.ts")};

  process.stdout.write("ready\\n");
  process.stdin.once("data", async () => {
    const database = openSqliteDatabase(process.argv[1]);
    migrateSqliteDatabase(database);
    const repository = createSqliteItemRepository({ database });
    const now = new Date();
    const blank = { id: "${id}", name: "Lamp", description: "", sku: "LAMP", quantity: 0, price: 1, isActive: true, createdAt: now, updatedAt: now };
    for (let change = 0; change < ${CHANGES}; change += 1) {
      await repository.save({ sku: "LAMP" }, (item = blank) => ({ ...item, quantity: item.quantity + 1 }));
    }
    process.stdout.write(Buffer.from(await repository.pageTokenSecret()).toString("hex"));
    database.close();
    process.exit();
  });
`;

function moduleUrl(file: string): string {
  return JSON.stringify(new URL(file, import.meta.url).href);
}

function startProcess(path: string): ChildProcessByStdio<Writable, Readable, Readable> {
  const child = spawn(process.execPath, [...flags, script, path], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill();
  });
  return child;
}

describe("several processes on one SQLite file", () => {
  it("migrate it once, share its secret and lose no change", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "sqlite-processes-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "items.db");
    const children = Array.from({ length: PROCESSES }, () => startProcess(path));
    await Promise.all(children.map((child) => once(child.stdout, "data")));
    const outcomes = children.map(async (child) => {
      const [secret, fault, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "exit"),
      ]);
      return { secret, fault: code === 0 ? "" : fault };
    });
    for (const child of children) {
      child.stdin.write("go\n");
    }
    const results = await Promise.all(outcomes);

    const database = openSqliteDatabase(path);
    onTestFinished(() => database.close());
    const repository = createSqliteItemRepository({ database });
    const secret = Buffer.from(await repository.pageTokenSecret()).toString("hex");
    expect(results).toEqual(Array(PROCESSES).fill({ secret, fault: "" }));
    expect(await repository.find({ id })).toMatchObject({ quantity: PROCESSES * CHANGES });
  });
});
