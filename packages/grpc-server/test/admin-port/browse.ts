import { createRequire } from "node:module";
import { unpackChromium } from "@grpc-kit/testing/chromium";
import { type Browser, chromium, type Page } from "playwright-core";
import { onTestFinished } from "vitest";

/** Starts a browser for the tests of a file, which is to close it. */
export async function startBrowser(): Promise<Browser> {
  const packed = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  return chromium.launch(await unpackChromium(packed));
}

export interface BrowsedPage {
  readonly page: Page;
  /** What went wrong in the page, as the browser tells it. */
  readonly complaints: readonly string[];
  /** The URLs that the page has asked for. */
  readonly requested: readonly string[];
}

/** Opens a page until the test ends. */
export async function browse(
  browser: Browser,
  url: string,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<BrowsedPage> {
  const context = await browser.newContext(options);
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  const requested: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => requested.push(request.url()));
  await page.goto(url);
  return { page, complaints, requested };
}
