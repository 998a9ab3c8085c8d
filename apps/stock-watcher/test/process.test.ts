import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { stockLines } from "./client.ts";
import {
  metricOf,
  spawnNode,
  startItemService,
  startWatcher,
  temporaryFolder,
} from "./processes.ts";

const soon = { timeout: 15_000, interval: 100 };

describe("the process of stock-watcher", () => {
  it("serves a page and metrics, and ends on SIGTERM in the midst of a file", async () => {
    const folder = temporaryFolder();
    const many = Array.from({ length: 100_000 }, (_, index) => `lamp-${index} 1`);
    writeFileSync(join(folder, "stock.jsonl"), stockLines(...many));
    const items = await startItemService(folder);
    const watcher = await startWatcher(folder, items);
    const status = await (await fetch(`${watcher.adminUrl}/status.json`)).json();
    expect(status).toMatchObject({ title: "stock-watcher" });
    expect((await fetch(watcher.adminUrl)).headers.get("content-type")).toContain("text/html");
    // What the watcher has sent may still be on its way.
    const got = () => metricOf(items, "grpc_server_msg_received_total", 'grpc_method="SyncItems"');
    await expect.poll(got, soon).toBeGreaterThan(100);
    watcher.child.kill("SIGTERM");
    expect(await once(watcher.child, "exit")).toEqual([0, null]);
    const ended = () => items.log().filter(({ message }) => message === "finished call");
    await expect
      .poll(ended, soon)
      .toContainEqual(
        expect.objectContaining({ "grpc.method": "SyncItems", "grpc.code": "CANCELLED" }),
      );
    expect(watcher.log().filter(({ level }) => level === "error")).toEqual([]);
  }, 60_000);

  it("does not wait at its end for a collector that hangs", async () => {
    const collector = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
    onTestFinished(() => void collector.close());
    await once(collector, "listening");
    const { port } = collector.address() as AddressInfo;
    const folder = temporaryFolder();
    writeFileSync(join(folder, "stock.jsonl"), stockLines("lamp-1 1"));
    const watcher = await startWatcher(folder, await startItemService(folder), {
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: "600000",
    });
    await expect
      .poll(() => watcher.log(), soon)
      .toContainEqual(expect.objectContaining({ message: "stock synced" }));
    watcher.child.kill("SIGTERM");
    expect(await once(watcher.child, "exit")).toEqual([0, null]);
  }, 30_000);

  it("names every setting that is wrong, and does not start", async () => {
    const child = spawnNode("../dist/main.js", { STOCK_POLL_MS: "never", ADMIN_PORT: "none" });
    const exit = once(child, "exit");
    const said = child.stderr === null ? "" : await text(child.stderr);
    expect(await exit).toEqual([1, null]);
    expect(said).toContain('STOCK_POLL_MS must be an integer from 10 to 3600000, got "never"');
    expect(said).toContain('ADMIN_PORT must be an integer from 0 to 65535, got "none"');
  }, 30_000);

  it("says so when its admin port is taken", async () => {
    const folder = temporaryFolder();
    const first = await startWatcher(folder, { address: "127.0.0.1:1" });
    const child = spawnNode("../dist/main.js", {
      DATA_DIR: folder,
      ADMIN_PORT: new URL(first.adminUrl).port,
    });
    const exit = once(child, "exit");
    const said = child.stderr === null ? "" : await text(child.stderr);
    expect(await exit).toEqual([1, null]);
    expect(said).toMatch(/^stock-watcher: .*/m);
    expect(said).toContain(new URL(first.adminUrl).host);
  }, 30_000);
});
