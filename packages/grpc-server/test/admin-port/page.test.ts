import { status } from "@grpc/grpc-js";
import { StatusError } from "@grpc-kit/grpc-status";
import { hasChromium } from "@grpc-kit/testing/chromium";
import type { Browser, Page } from "playwright-core";
import { Gauge, Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  type AdminPort,
  type AdminPortOptions,
  startAdminPort,
} from "../../src/admin-port/index.ts";
import { envelope, serveFixture } from "../serve-fixture.ts";
import { browse, startBrowser } from "./browse.ts";
import { countCalls } from "./count-calls.ts";

if (!hasChromium) {
  process.stderr.write("the tests of the admin page are skipped: they need Linux on x64\n");
}

let browser: Browser;

beforeAll(async () => {
  if (hasChromium) {
    browser = await startBrowser();
  }
}, 60_000);
afterAll(() => browser?.close());

async function start(options: Partial<AdminPortOptions> = {}): Promise<AdminPort> {
  const admin = await startAdminPort({
    registry: new Registry(),
    isReady: () => true,
    port: 0,
    refreshMs: 100,
    ...options,
  });
  onTestFinished(admin.close);
  return admin;
}

function gaugeIn(registry: Registry, name: string, labelNames: string[]): Gauge {
  return new Gauge({ name, help: "Gauge.", labelNames, registers: [registry] });
}

const textOf = (page: Page, selector: string) =>
  page.locator(selector).evaluate((node) => node.textContent ?? "");

/** Waits until the page shows what is meant in its place. */
function shows(page: Page, selector: string, what: string | RegExp): Promise<void> {
  const shown = expect.poll(
    async () => ((await page.locator(selector).count()) === 0 ? "" : textOf(page, selector)),
    { timeout: 10_000 },
  );
  return typeof what === "string" ? shown.toContain(what) : shown.toMatch(what);
}

describe.skipIf(!hasChromium)("the admin page", () => {
  it("shows calls as they are served", async () => {
    const registry = new Registry();
    const held = Promise.withResolvers<void>();
    const { client } = await serveFixture(
      {
        async unary({ text }) {
          if (text === "hold") {
            await held.promise;
          }
          if (text === "nothing") {
            throw new StatusError(status.NOT_FOUND, "nothing");
          }
          if (text === "broken") {
            throw new Error("broken");
          }
          return envelope({ text });
        },
      },
      { observers: [countCalls(registry)] },
    );
    const call = (text: string) =>
      new Promise<void>((resolve) => void client.unary(envelope({ text }), () => resolve()));
    const { url } = await start({ registry, title: "The shop" });
    const { page, complaints, requested } = await browse(browser, url);
    await shows(page, "h1", "The shop");
    await shows(page, "#state", "Ready");
    await shows(page, "#empty", "No calls have been counted yet.");
    expect(await page.locator("#server").isVisible()).toBe(false);

    await Promise.all(["fine", "fine", "nothing", "broken"].map(call));
    const holding = call("hold");
    onTestFinished(() => held.resolve());
    const row = "#server tbody tr";
    await shows(page, `${row} th`, "Unaryfixtures.FixtureService");
    await shows(page, `${row} .results`, "OK 2");
    await shows(page, `${row} .results`, "! NotFound 1");
    await shows(page, `${row} .results`, "✕ Internal 1");
    await shows(page, `${row} [data-label="In flight"]`, "1");
    await shows(page, "#now", "1 by the server, 1 by callers");

    // The rate falls again when the calls are over: it is looked for while they go on.
    const calling = setInterval(() => void call("fine"), 5);
    onTestFinished(() => clearInterval(calling));
    await shows(page, `${row} .rate span`, /^[1-9]/);
    await shows(page, `${row} [data-label="p99"]`, /^[\d.]+ m?s$/);
    await shows(page, "#now .big >> nth=0", /^[1-9]/);
    const line = page.locator(`${row} .spark .line`);
    await expect.poll(() => line.getAttribute("d")).toMatch(/^M[\d. ]+L[\d. L]+$/);
    held.resolve();
    await holding;

    expect(complaints).toEqual([]);
    const asked = new Set(requested.filter((address) => !address.startsWith("data:")));
    expect([...asked]).toEqual([`${url}/`, `${url}/status.json`]);
  });

  it("shows dependencies, circuits and processes, and follows them", async () => {
    const registry = new Registry();
    const healthy = gaugeIn(registry, "grpc_kit_dependency_healthy", ["dependency"]);
    const circuit = gaugeIn(registry, "grpc_kit_circuit_open", ["target", "method"]);
    healthy.set({ dependency: "database" }, 1);
    circuit.set({ target: "stock:50051", method: "/stock.Stock/Take" }, 0);
    let isReady = true;
    const { url } = await start({ registry, isReady: () => isReady });
    const { page } = await browse(browser, url);
    await shows(page, "#dependencies", /database.*✓ Healthy/);
    await shows(page, "#circuits", /Take.*stock\.Stock at stock:50051.*✓ Closed/);
    await shows(page, "#workers tbody", new RegExp(`${process.pid}[\\d,]+ MiB`));
    healthy.set({ dependency: "database" }, 0);
    circuit.set({ target: "stock:50051", method: "/stock.Stock/Take" }, 1);
    isReady = false;
    await shows(page, "#dependencies", "✕ Unhealthy");
    await shows(page, "#circuits", "✕ Open");
    await shows(page, "#state", "✕ Not ready");
    expect(await page.title()).toBe("Not ready: gRPC server");
    circuit.reset();
    circuit.remove({ target: "stock:50051", method: "/stock.Stock/Take" });
    await expect.poll(() => page.locator("#circuits").isVisible()).toBe(false);
  });

  it("takes names for text, whatever they are", async () => {
    const registry = new Registry();
    const hostile = `"><img src=x onerror="document.title='hit'"></script><script>document.title='hit'</script>`;
    const names = gaugeIn(registry, "grpckit_server_calls_in_flight", [
      "grpc_service",
      "grpc_method",
    ]);
    names.set({ grpc_service: hostile, grpc_method: hostile }, 1);
    names.set({ grpc_service: "__proto__", grpc_method: "constructor" }, 1);
    gaugeIn(registry, "grpc_kit_dependency_healthy", ["dependency"]).set(
      { dependency: hostile },
      1,
    );
    gaugeIn(registry, "grpc_kit_circuit_open", ["target", "method"]).set(
      { target: hostile, method: hostile },
      1,
    );
    const { url } = await start({ registry, title: hostile });
    const { page, complaints } = await browse(browser, url);
    for (const place of ["h1", "#server", "#dependencies", "#circuits"]) {
      await shows(page, place, "<img src=x");
    }
    await shows(page, "#server", "constructor");
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.locator("script").count()).toBe(1);
    expect(await page.title()).toBe(hostile);
    expect(complaints).toEqual([]);
  });

  it("says when the server has gone, and comes back with it", async () => {
    const first = await start();
    const { page } = await browse(browser, first.url);
    await shows(page, "#state", "Ready");
    await first.close();
    await shows(page, "#state", /Stale since \d\d:\d\d:\d\d/);
    expect(await page.title()).toBe("Stale: gRPC server");
    await start({ port: Number(new URL(first.url).port), title: "Once more" });
    await shows(page, "#state", "✓ Ready");
    expect(await page.title()).toBe("Once more");
    expect(await page.locator("main.stale").count()).toBe(0);
  });

  it("asks nothing while nobody looks at it", async () => {
    const { page, requested } = await browse(browser, (await start()).url);
    await shows(page, "#state", "Ready");
    const look = (isHidden: boolean) =>
      page.evaluate((hidden) => {
        Object.defineProperty(globalThis["document" as never], "hidden", {
          value: hidden,
          configurable: true,
        });
        (globalThis["document" as never] as EventTarget).dispatchEvent(
          new Event("visibilitychange"),
        );
      }, isHidden);
    await look(true);
    // One that was on its way.
    await page.waitForTimeout(300);
    const { length } = requested;
    await page.waitForTimeout(500);
    expect(requested).toHaveLength(length);
    await look(false);
    await expect.poll(() => requested.length).toBeGreaterThan(length + 1);
  });

  it.each([
    [360, "light"],
    [360, "dark"],
    [700, "light"],
    [1_280, "light"],
  ] as const)("fits into %i pixels, %s", async (width, colorScheme) => {
    const registry = new Registry();
    const long = "a.very.long.package.name.that.goes.on.and.on.AndOnService".repeat(2);
    const { client } = await serveFixture({}, { observers: [countCalls(registry)] });
    await new Promise((resolve) => void client.unary(envelope({}), resolve));
    const names = registry.getSingleMetric("grpckit_server_calls_in_flight") as Gauge;
    names.set({ grpc_type: "bidi_stream", grpc_service: long, grpc_method: long }, 123_456);
    gaugeIn(registry, "grpc_kit_dependency_healthy", ["dependency"]).set({ dependency: long }, 0);
    const { url } = await start({ registry, title: long });
    const viewport = { width, height: 800 };
    const { page } = await browse(browser, url, { viewport, colorScheme });
    await shows(page, "#server", long);
    expect(
      await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      ),
    ).toBe(0);
    const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(ground).toBe(colorScheme === "dark" ? "rgb(14, 19, 24)" : "rgb(244, 246, 248)");
  });
});
