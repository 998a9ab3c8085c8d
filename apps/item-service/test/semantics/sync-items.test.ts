import type { ItemSyncRequest } from "@grpc-kit/generated-protos/examples/items";
import { ExternalServiceError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it } from "vitest";
import { createItem, failureOf, serveItems } from "../serve.ts";

function deleteOf(value: string): ItemSyncRequest {
  return { action: { $case: "deleteId", value } };
}

describe("SyncItems", () => {
  it("answers in the order of the actions, whatever each takes", async () => {
    const { client } = await serveItems();
    const created = await Promise.all(["a", "b", "c"].map((sku) => createItem(client, sku)));
    const actions = created.flatMap((item, index): ItemSyncRequest[] => [
      { action: { $case: "upsert", value: { ...item, quantity: index } } },
      deleteOf(`no id ${index}`),
      deleteOf(item.id),
      deleteOf(item.id),
    ]);
    const answers: unknown[] = [];
    for await (const { id, success, error } of client.syncItems(actions)) {
      answers.push([id, success, error?.code]);
    }
    expect(answers).toEqual(
      created.flatMap(({ id }, index) => [
        [id, true, undefined],
        [`no id ${index}`, false, "ValidationError"],
        [id, true, undefined],
        [id, false, "ItemNotFoundError"],
      ]),
    );
  });

  it("ends with what is no fault of an action, after the answers before it, and tells nothing of it", async () => {
    let actions = 0;
    const { client, logged } = await serveItems({
      syncItem: async () => {
        actions += 1;
        if (actions === 3) {
          throw new ExternalServiceError("postgres://ada:S3CR3T@db is away");
        }
        return `id-${actions}`;
      },
    });
    const id = "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b";
    const ids: string[] = [];
    async function sync(): Promise<void> {
      for await (const answer of client.syncItems(Array.from({ length: 9 }, () => deleteOf(id)))) {
        ids.push(answer.id);
      }
    }
    const failure = await failureOf(sync());
    expect(failure).toMatch(/^UNAVAILABLE: /);
    expect(failure).not.toContain("S3CR3T");
    expect(ids).toEqual(["id-1", "id-2"]);
    expect(actions).toBe(3);
    expect(JSON.stringify(logged)).toContain("is away");
  });
});
