import { createRequire } from "node:module";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import type { StatusSnapshot } from "@grpc-kit/grpc-server/admin-port";
import { hasChromium, unpackChromium } from "@grpc-kit/testing/chromium";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createItem, failureOf, stubOf } from "./serve.ts";
import { startProcess } from "./start-process.ts";

if (!hasChromium) {
  process.stderr.write("the tests of the live page are skipped: they need Linux on x64\n");
}

let browser: Browser;

beforeAll(async () => {
  if (hasChromium) {
    const packed = createRequire(import.meta.url).resolve("@sparticuz/chromium");
    browser = await chromium.launch(await unpackChromium(packed));
  }
}, 60_000);
afterAll(() => browser?.close());

async function openPage(url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 360, height: 800 } });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

const readText = (page: Page) => page.locator("body").evaluate((body) => body.textContent);

describe.skipIf(!hasChromium)("the live page, on a phone", () => {
  it("shows the calls of both workers, the database, and who is there", async () => {
    const { address, token, output } = await startProcess({ GRPC_SERVER_MAX_WORKERS: "2" });
    const url = /live page is at (\S+)/.exec(output())?.[1] ?? "";
    const page = await openPage(url);
    // On two connections, so that each worker has calls.
    for (const sku of ["lamp-1", "lamp-2"]) {
      const client = stubOf(ItemServiceService, address, { token });
      await createItem(client, sku);
      expect(await failureOf(createItem(client, sku))).toMatch("ALREADY_EXISTS");
    }
    for (const shown of [/CreateItem/, /OK 2/, /AlreadyExists 2/, /database.{0,9}Healthy/]) {
      await expect.poll(() => readText(page), { timeout: 20_000 }).toMatch(shown);
    }
    const { workers } = (await (await fetch(new URL("status.json", url))).json()) as StatusSnapshot;
    expect(workers).toHaveLength(2);
    for (const { pid } of workers) {
      expect(await readText(page)).toContain(String(pid));
    }
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
  }, 60_000);
});
