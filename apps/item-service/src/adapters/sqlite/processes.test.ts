import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ItemStore } from "../../application/item-store.ts";
import { allItems, insertAll, makeItem } from "../contract/item-database.contract.ts";
import { openSqliteItemStore } from "./item-store.ts";

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const PROCESSES = 4;
const CHANGES = 50;
const flags = [
  "--disable-warning=ExperimentalWarning",
  "--conditions=@grpc-kit/source",
  "--experimental-strip-types",
  "--input-type=module",
];
const id = "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b";

// What each process begins with. `say` writes at once, whatever the event loop does.
const preamble = `
  import { writeSync } from "node:fs";
  import { openSqliteItemStore } from ${moduleUrl("item-store.ts")};
  import { insertAll, makeItem, makeItems } from ${moduleUrl("../contract/item-database.contract.ts")};

  const say = (line) => writeSync(1, line + "\\n");
  const open = () => openSqliteItemStore({ path: process.argv[1], now: () => new Date() });
`;

function moduleUrl(file: string): string {
  return JSON.stringify(new URL(file, import.meta.url).href);
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sqlite-processes-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Starts Node.js, under the limit of the shell if there is one. */
function startProcess(path: string, script: string, limit = "true"): Child {
  const command = `${limit} && exec "$0" "$@"`;
  const program = [process.execPath, ...flags, "--eval", preamble + script, path];
  const child = spawn("sh", ["-c", command, ...program], { stdio: ["pipe", "pipe", "pipe"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

/** Waits for the line. Rejects with what the process had to say if it ends before. */
async function waitForLine(child: Child, line: string): Promise<void> {
  for await (const read of createInterface({ input: child.stdout })) {
    if (read === line) {
      return;
    }
  }
  throw new Error(`no line ${line}: ${await text(child.stderr)}`);
}

async function kill(child: Child): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

async function open(path: string): Promise<ItemStore> {
  const store = await openSqliteItemStore({ path, now: () => new Date() });
  onTestFinished(() => store.close());
  return store;
}

describe("several processes on one SQLite file", { timeout: 60_000 }, () => {
  it("migrate it once, share its secret and lose no change", async () => {
    const path = join(temporaryFolder(), "items.db");
    // Each opens the same new file once told to, and counts the same item up.
    const script = `
      process.stdin.once("data", async () => {
        const { items, close } = await open();
        const blank = makeItem({ id: "${id}", sku: "LAMP", quantity: 0 });
        for (let change = 0; change < ${CHANGES}; change += 1) {
          await items.save({ sku: "LAMP" }, (item = blank) => ({ ...item, quantity: item.quantity + 1 }));
        }
        say(Buffer.from(await items.pageTokenSecret()).toString("hex"));
        await close();
        process.exit();
      });
      say("ready");
    `;
    const children = Array.from({ length: PROCESSES }, () => startProcess(path, script));
    await Promise.all(children.map((child) => once(child.stdout, "data")));
    const outcomes = children.map(async (child) => {
      const [secret, fault, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "exit"),
      ]);
      return { secret: secret.trim(), fault: code === 0 ? "" : fault };
    });
    for (const child of children) {
      child.stdin.write("go\n");
    }
    const results = await Promise.all(outcomes);

    const { items } = await open(path);
    const secret = Buffer.from(await items.pageTokenSecret()).toString("hex");
    expect(results).toEqual(Array(PROCESSES).fill({ secret, fault: "" }));
    expect(await items.find({ id })).toMatchObject({ quantity: PROCESSES * CHANGES });
  });

  it("wait for each other's batches", async () => {
    const path = join(temporaryFolder(), "items.db");
    const { items } = await open(path);
    const child = startProcess(
      path,
      `
        const { items } = await open();
        function* parts() {
          for (let index = 0; index < 3_000; index += 1) {
            if (index === 1_000) say("half");
            yield [{ index, item: makeItem() }];
          }
        }
        await items.insertMany({ parts: parts(), maxTaken: 0 });
        await items.delete("");
        say("done");
        process.exit();
      `,
    );
    await waitForLine(child, "half");
    const item = await items.insert(makeItem());
    const [last] = (await items.list({ after: 3_000, limit: 10 })).slice(-1);
    expect(last).toMatchObject({ item, position: 3_001 });
  });
});

describe("a process that is killed", { timeout: 60_000 }, () => {
  it("leaves nothing of a batch that it was adding, and no lock", async () => {
    const path = join(temporaryFolder(), "items.db");
    const child = startProcess(
      path,
      `
        const { items } = await open();
        await items.insert(makeItem({ id: "${id}" }));
        function* parts() {
          for (let index = 0; ; index += 1) {
            // By now it has written to the log.
            if (index === 20_000) say("half");
            yield [{ index, item: makeItem() }];
          }
        }
        await items.insertMany({ parts: parts(), maxTaken: 0 });
      `,
    );
    await waitForLine(child, "half");
    await kill(child);
    const { items } = await open(path);
    expect((await allItems(items)).map((item) => item.id)).toEqual([id]);
    await insertAll(items, [makeItem()]);
    expect(await allItems(items)).toHaveLength(2);
  });

  it("has kept all of a batch, and all single items, that it had answered", async () => {
    const path = join(temporaryFolder(), "items.db");
    const child = startProcess(
      path,
      `
        const { items } = await open();
        await insertAll(items, makeItems(500));
        for (let count = 1; ; count += 1) {
          await items.insert(makeItem({ quantity: count }));
          say(String(count));
        }
      `,
    );
    await waitForLine(child, "100");
    await kill(child);
    const { items } = await open(path);
    const listed = await allItems(items);
    const counts = listed.slice(500).map(({ quantity }) => quantity);
    expect(counts.length).toBeGreaterThanOrEqual(100);
    expect(counts).toEqual(counts.map((_, index) => index + 1));
  });
});

describe("a process that cannot write its SQLite file", { timeout: 60_000 }, () => {
  const report = `
    const tell = (error) => say([error.name, error.reason, error.message].join(" "));
  `;

  it("says that there is no room, keeps what it had, and goes on with what fits", async () => {
    const path = join(temporaryFolder(), "items.db");
    // 512 blocks of 512 or 1,024 bytes for each file.
    const child = startProcess(
      path,
      `
        ${report}
        const { items, ping } = await open();
        await items.insert(makeItem());
        const large = () => makeItem({ description: "x".repeat(2_000) });
        await insertAll(items, Array.from({ length: 1_000 }, large)).catch(tell);
        await ping();
        await items.insert(makeItem());
        say("done");
        process.exit();
      `,
      "ulimit -f 512",
    );
    const [said, faults] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(faults).toBe("");
    expect(said).toMatch(/^ExternalServiceError DATABASE_UNAVAILABLE .*\ndone\n$/);
    const { items } = await open(path);
    expect(await allItems(items)).toHaveLength(2);
  });

  it("says that it may not write it", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "items.db");
    const store = await open(path);
    await store.close();
    chmodSync(path, 0o444);
    chmodSync(folder, 0o555);
    onTestFinished(() => chmodSync(folder, 0o755));
    // The superuser may write everything.
    const isSuperuser = process.getuid?.() === 0;
    const child = startProcess(
      path,
      `
        ${report}
        ${isSuperuser ? "process.setuid(65534);" : ""}
        await open().catch(tell);
        process.exit();
      `,
    );
    const [said, faults] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(faults).toBe("");
    expect(said).toContain("ExternalServiceError DATABASE_UNAVAILABLE");
    expect(said).toContain("cannot be written; check the permissions");
  });
});
