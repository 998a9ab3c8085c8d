import { readFileSync } from "node:fs";
import {
  BatchCreateResponse,
  type CreateItemRequest,
  ItemServiceService,
} from "@grpc-kit/generated-protos/examples/items";
import { describe, expect, it } from "vitest";
import { MAX_BATCH_FAILURES, MAX_BATCH_ITEMS } from "../../src/application/batch-create-items.ts";
import { failureOf, listPage, newItem, serveItems, stubOf } from "../serve.ts";
import { spoolFiles } from "../spool-files.ts";
import { sources, startProcess } from "../start-process.ts";
import { sending } from "./metadata-of.ts";

const mebibyte = 1_024 * 1_024;

/** What fails in as many words as it can. */
function wrongItem(): CreateItemRequest {
  return { ...newItem("\0".repeat(100)), description: "\0".repeat(100) };
}

function residentBytes(pid: number | undefined, name: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1_024;
}

describe.runIf(process.platform === "linux")("a batch of 100,000 items with 60 MiB of text", () => {
  it("goes through a server whose heap would not hold it", { timeout: 60_000 }, async () => {
    const heap = "--max-old-space-size=128";
    const { address, token, child } = await startProcess({ NODE_OPTIONS: heap }, sources);
    const client = stubOf(ItemServiceService, address, { token });
    await client.batchCreateItems([newItem("first")]);
    const startBytes = residentBytes(child.pid, "VmRSS");
    const text = (index: number) => `${index} `.padEnd(600, "x");
    async function* requests() {
      for (let index = 0; index < MAX_BATCH_ITEMS; index += 1) {
        const isWrong = index % (MAX_BATCH_ITEMS / MAX_BATCH_FAILURES) === 7;
        yield isWrong ? wrongItem() : { ...newItem(`many-${index}`), description: text(index) };
      }
    }
    const options = { ...sending({ "idempotency-key": "import-1" }), timeoutMs: 60_000 };
    const answer = await client.batchCreateItems(requests(), options);
    expect(answer.createdCount).toBe(MAX_BATCH_ITEMS - MAX_BATCH_FAILURES);
    expect(answer.errors.map(({ metadata }) => metadata.get("index"))).toEqual(
      Array.from({ length: MAX_BATCH_FAILURES }, (_, index) => String(100 * index + 7)),
    );
    // What gRPC clients take unless they are told otherwise.
    expect(BatchCreateResponse.encode(answer).finish().length).toBeLessThan(4 * mebibyte);
    expect(residentBytes(child.pid, "VmHWM") - startBytes).toBeLessThan(160 * mebibyte);
  });
});

describe("BatchCreateItems", () => {
  it("F13: refuses a batch that is too large, before all of it has come", async () => {
    const { client } = await serveItems();
    async function* requests() {
      for (let index = 0; index < 8_400; index += 1) {
        yield { ...newItem(`many-${index}`), description: "💡".repeat(2_000) };
      }
      await new Promise(() => {});
    }
    expect(await failureOf(client.batchCreateItems(requests()))).toBe(
      "RESOURCE_EXHAUSTED: a batch has at most 100000 items and 67108864 bytes of text",
    );
    expect((await listPage(client, {})).items).toEqual([]);
  });

  it("creates nothing if more is wrong than it can tell of, and says so before all has come", async () => {
    const { client } = await serveItems();
    async function* requests() {
      yield newItem("right");
      for (let index = 0; index <= MAX_BATCH_FAILURES; index += 1) {
        yield wrongItem();
      }
      await new Promise(() => {});
    }
    expect(await failureOf(client.batchCreateItems(requests()))).toBe(
      "FAILED_PRECONDITION: more than 1000 items of the batch cannot be created, so none was",
    );
    expect((await listPage(client, {})).items).toEqual([]);
  });

  it.runIf(process.platform === "linux").each([
    ["is complete", "OK", "ends"],
    ["is cancelled", "CANCELLED", "aborts"],
    ["runs into its deadline", "DEADLINE_EXCEEDED", "waits"],
    ["is too wrong", "FAILED_PRECONDITION", "errs"],
  ])("keeps no file of a batch that %s", async (_, code, ending) => {
    const { client, service } = await serveItems();
    const abort = new AbortController();
    async function* requests() {
      for (let index = 0; index < 2_000; index += 1) {
        yield { ...newItem(`many-${index}`), description: "x".repeat(2_000) };
      }
      await expect.poll(spoolFiles, { timeout: 5_000 }).toHaveLength(1);
      if (ending === "aborts") {
        abort.abort();
      }
      if (ending === "errs") {
        yield* Array.from({ length: MAX_BATCH_FAILURES + 1 }, wrongItem);
      }
      if (ending !== "ends") {
        await new Promise(() => {});
      }
    }
    const options = { signal: abort.signal, timeoutMs: ending === "waits" ? 3_000 : 30_000 };
    const failure = await failureOf(client.batchCreateItems(requests(), options));
    expect(failure.split(":")[0]).toBe(code);
    await expect.poll(() => service.inFlight, { timeout: 5_000 }).toBe(0);
    expect(spoolFiles()).toEqual([]);
  });
});
