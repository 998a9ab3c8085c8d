import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asFunction } from "awilix";
import { describe, expect, it, onTestFinished } from "vitest";
import { createItemContainer } from "./container.ts";
import { readSettings } from "./settings.ts";

const newItem = { name: "Lamp", description: "", sku: "LAMP-1", quantity: 1, price: 1 };

function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "item-container-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "data", "items.db");
}

describe("createItemContainer", () => {
  it("wires use cases that share one database", async () => {
    const { cradle, dispose } = await createItemContainer(
      readSettings({ DATABASE_URL: "sqlite::memory:" }),
    );
    onTestFinished(dispose);
    const { id } = await cradle.createItem(newItem);
    await cradle.updateItem(id, { quantity: 2 });
    expect(await cradle.getItem(id)).toMatchObject({ ...newItem, id, quantity: 2 });
  });

  it("keeps the items after it is disposed of", async () => {
    const path = temporaryPath();
    const settings = readSettings({ DATABASE_URL: `sqlite:${path}` });
    const first = await createItemContainer(settings);
    const { id } = await first.cradle.createItem(newItem);
    await first.dispose();

    const second = await createItemContainer(settings);
    onTestFinished(second.dispose);
    expect(await second.cradle.getItem(id)).toMatchObject(newItem);
  });

  it("closes the database when it is disposed of", async () => {
    const container = await createItemContainer(readSettings({ DATABASE_URL: "sqlite::memory:" }));
    const { itemStore, getItem } = container.cradle;
    await itemStore.ping();
    await container.dispose();
    await expect(itemStore.ping()).rejects.toThrow();
    await expect(getItem("00000000-0000-0000-0000-000000000000")).rejects.toThrow();
  });

  it("lets overrides take the place of what it registers", async () => {
    const now = new Date("2026-01-02T03:04:05.678Z");
    const id = "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b";
    const { cradle, dispose } = await createItemContainer(
      readSettings({ DATABASE_URL: "sqlite::memory:" }),
      { now: () => now, newId: () => id },
    );
    onTestFinished(dispose);
    expect(await cradle.createItem(newItem)).toMatchObject({ id, createdAt: now });
  });

  it("takes further registrations, which find what it has", async () => {
    const container = await createItemContainer(
      readSettings({ GRPC_SERVER_PORT: "1234", DATABASE_URL: "sqlite::memory:" }),
    );
    onTestFinished(container.dispose);
    container.register(
      "port",
      asFunction(({ settings }: typeof container.cradle) => settings.server.port).singleton(),
    );
    expect(container.resolve("port")).toBe(1234);
  });
});
