import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Metadata, status } from "@grpc/grpc-js";
import { StockServiceService } from "@grpc-kit/generated-protos/examples/stock";
import { describe, expect, it } from "vitest";
import { stockLines, stubOf } from "./client.ts";
import {
  type LogLine,
  metricOf,
  type ServiceProcess,
  startItemService,
  startWatcher,
  temporaryFolder,
} from "./processes.ts";

const soon = { timeout: 15_000, interval: 100 };
const traceId = "0af7651916cd43dd8448eb211c80319c";
const requestId = "order-4711";
const callerSpan = "b7ad6b7169203331";

/** What a caller sends who traces. */
function tracedMetadata(): Metadata {
  const metadata = new Metadata();
  metadata.set("traceparent", `00-${traceId}-${callerSpan}-01`);
  metadata.set("x-request-id", requestId);
  return metadata;
}

/** The two services, with one item in the file. The watcher does not see later changes by itself. */
async function startBoth(env: NodeJS.ProcessEnv = {}) {
  const folder = temporaryFolder();
  // Its folder is not that of what changes.
  const file = join(temporaryFolder(), "stock.jsonl");
  writeFileSync(file, stockLines("lamp-1 3"));
  symlinkSync(file, join(folder, "stock.jsonl"));
  const items = await startItemService(folder, env);
  const watcher = await startWatcher(folder, items, { STOCK_POLL_MS: "3600000", ...env });
  await expect
    .poll(() => watcher.log(), soon)
    .toContainEqual(expect.objectContaining({ message: "stock synced" }));
  return { items, watcher, file, stock: stubOf(StockServiceService, watcher, folder) };
}

/** The line that a service has logged of the traced call of a method. */
async function lineOf(service: ServiceProcess, method: string): Promise<LogLine> {
  const find = () =>
    service
      .log()
      .filter(({ message, request_id: id }) => message === "finished call" && id === requestId)
      .find((line) => line["grpc.method"] === method);
  await expect.poll(find, soon).toBeDefined();
  return find() as LogLine;
}

interface Span {
  readonly name: string | undefined;
  readonly id: string | undefined;
  readonly parentId: string | undefined;
}

/** The spans of the trace that a service has printed. */
function spansOf(service: ServiceProcess): readonly Span[] {
  const texts = service.output().split(/^\}$/m);
  return texts
    .filter((text) => text.includes(`traceId: '${traceId}',\n  parent`))
    .map((text) => ({
      name: /^ {2}name: '(.*)'/m.exec(text)?.[1],
      id: /^ {2}id: '(.*)'/m.exec(text)?.[1],
      parentId: /^ {4}spanId: '(.*)'/m.exec(text)?.[1],
    }));
}

describe("a call through the watcher to the item service", () => {
  it("is one trace, and has one request id", async () => {
    const { items, watcher, stock } = await startBoth({
      OTEL_TRACES_EXPORTER: "console",
      OTEL_BSP_SCHEDULE_DELAY: "100",
    });
    await stock.getStock({ sku: "lamp-1" }, { metadata: tracedMetadata() });
    await expect.poll(() => spansOf(watcher).length, soon).toBe(2);
    await expect.poll(() => spansOf(items).length, soon).toBe(1);
    const served = spansOf(watcher).find(({ name }) => name === "examples.StockService/GetStock");
    const called = spansOf(watcher).find(({ name }) => name === "examples.ItemService/ListItems");
    expect(served?.parentId).toBe(callerSpan);
    expect(called?.parentId).toBe(served?.id);
    expect(spansOf(items)).toMatchObject([
      { name: "examples.ItemService/ListItems", parentId: called?.id },
    ]);
    expect(await lineOf(items, "ListItems")).toMatchObject({ trace_id: traceId });
    expect(await lineOf(watcher, "GetStock")).toMatchObject({ trace_id: traceId });
  }, 60_000);

  it("has less time at each step", async () => {
    const { items, watcher, stock } = await startBoth();
    const start = Date.now();
    const call = { metadata: tracedMetadata(), timeoutMs: 60_000 };
    await stock.getStock({ sku: "lamp-1" }, call);
    const end = Date.now();
    const deadlineOf = async (service: ServiceProcess, method: string) =>
      Date.parse(String((await lineOf(service, method))["grpc.request.deadline"]));
    const outer = await deadlineOf(watcher, "GetStock");
    const inner = await deadlineOf(items, "ListItems");
    expect(outer).toBeLessThanOrEqual(end + 60_000);
    expect(inner).toBeGreaterThan(start);
    // The watcher keeps a twentieth, three seconds, to answer in; what is under way may take some of it.
    expect(outer - inner).toBeGreaterThan(1_000);
  }, 60_000);

  it("ends in both when the caller cancels, in the midst of a file", async () => {
    const { items, watcher, file, stock } = await startBoth();
    const many = Array.from({ length: 100_000 }, (_, index) => `lamp-${index} 1`);
    writeFileSync(file, stockLines(...many));
    const leaving = new AbortController();
    const call = stock.syncStock({}, { metadata: tracedMetadata(), signal: leaving.signal });
    const outcome = expect(call).rejects.toMatchObject({ code: status.CANCELLED });
    const received = () =>
      metricOf(items, "grpc_server_msg_received_total", 'grpc_method="SyncItems"');
    await expect.poll(received, soon).toBeGreaterThan(100);
    leaving.abort();
    await outcome;
    expect(await lineOf(items, "SyncItems")).toMatchObject({ "grpc.code": "CANCELLED" });
    expect(await lineOf(watcher, "SyncStock")).toMatchObject({ "grpc.code": "CANCELLED" });
    expect(await received()).toBeLessThan(100_000);
  }, 60_000);
});
