import type { CreateItemRequest } from "@grpc-kit/generated-protos/examples/items";
import { expect, it } from "vitest";
import { createItem, newItem } from "../serve.ts";
import { skusIn } from "./items-database.ts";
import { retainedBytes } from "./retained-bytes.ts";
import { serveWatched } from "./watched-items.ts";

it("F13: a batch of 5,000 items takes no memory with it and holds nobody up, also while it is written", async () => {
  const total = 5_000;
  const { client, databasePath } = await serveWatched();
  const { id } = await createItem(client, "beside");
  const startBytes = await retainedBytes();
  let grownBytes = 0;
  let phase: "sending" | "writing" | "done" = "sending";
  async function* requests(): AsyncGenerator<CreateItemRequest> {
    for (let index = 0; index < total; index += 1) {
      if (index % (total / 5) === 0) {
        grownBytes = Math.max(grownBytes, (await retainedBytes()) - startBytes);
      }
      yield newItem(`many-${index}`);
    }
    phase = "writing";
  }
  const beside = { sending: 0, writing: 0, done: 0 };
  const callBeside = async (): Promise<void> => {
    while (phase !== "done") {
      await client.getItem({ id });
      beside[phase] += 1;
    }
  };
  const batch = client.batchCreateItems(requests(), { timeoutMs: 60_000 });
  const created = batch.finally(() => {
    phase = "done";
  });
  const [{ createdCount, createdIds, errors }] = await Promise.all([created, callBeside()]);
  expect([createdCount, new Set(createdIds).size, errors]).toEqual([total, total, []]);
  expect(grownBytes).toBeLessThan(8 * 1_024 * 1_024);
  // If one had to wait for the other there would be one at the most.
  expect(Math.min(beside.sending, beside.writing)).toBeGreaterThan(5);
  expect(skusIn(databasePath)).toEqual([
    "beside",
    ...Array.from({ length: total }, (_, index) => `many-${index}`),
  ]);
}, 60_000);
