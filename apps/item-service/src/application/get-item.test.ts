import { randomUUID } from "node:crypto";
import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it } from "vitest";
import { openUseCases } from "../../test/open-use-cases.ts";
import { ItemNotFoundError } from "../domain/item-errors.ts";

const newItem = { name: "Lamp", description: "", sku: "LAMP-1", quantity: 1, price: 1 };

describe("createGetItem", () => {
  it("returns the item, whatever the case of its id", async () => {
    const { createItem, getItem } = await openUseCases();
    const item = await createItem(newItem);
    expect(await getItem(item.id)).toEqual(item);
    expect(await getItem(item.id.toUpperCase())).toEqual(item);
  });

  it("throws ItemNotFoundError if there is none", async () => {
    const id = randomUUID();
    await expect((await openUseCases()).getItem(id)).rejects.toThrow(new ItemNotFoundError(id));
  });

  it("throws ValidationError for what is no id", async () => {
    await expect((await openUseCases()).getItem("")).rejects.toThrow(ValidationError);
  });
});
