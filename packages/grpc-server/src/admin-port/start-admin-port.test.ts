import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { text } from "node:stream/consumers";
import { Counter, Gauge, type OpenMetricsContentType, Registry } from "prom-client";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type AdminPort, type AdminPortOptions, startAdminPort } from "./start-admin-port.ts";

async function start(options: Partial<AdminPortOptions> = {}): Promise<AdminPort> {
  const admin = await startAdminPort({
    registry: new Registry(),
    isReady: () => true,
    port: 0,
    ...options,
  });
  onTestFinished(admin.close);
  return admin;
}

/** Asks as a program that says what it wants in `host`, which `fetch` does not let it. */
async function ask(url: string, host: string): Promise<number | undefined> {
  const asked = request(url, { headers: { host }, agent: false }).end();
  const [response] = await once(asked, "response");
  await text(response);
  return response.statusCode;
}

describe("startAdminPort", () => {
  const range = "must be a number above 0 and up to 2147483647";
  it.each<[object, string]>([
    [{ host: "" }, "host must be an address or a name, got ''"],
    [{ port: -1 }, "port must be an integer from 0 to 65535, got -1"],
    [{ title: "" }, "title must be a text, got ''"],
    [{ refreshMs: 0 }, `refreshMs ${range}, got 0`],
    [{ registry: {} }, "registry.metrics must be a function, got undefined"],
    [{ registry: undefined }, "registry.metrics must be a function, got undefined"],
    [{ isReady: true }, "isReady must be a function, got true"],
    [{ onError: "stderr" }, "onError must be a function, got 'stderr'"],
  ])("refuses %o", async (wrong, message) => {
    const options = { registry: new Registry(), isReady: () => true, ...wrong };
    await expect(startAdminPort(options as AdminPortOptions)).rejects.toThrow(message);
  });

  it("says which port is taken", async () => {
    const { port } = new URL((await start()).url);
    await expect(start({ port: Number(port) })).rejects.toThrow(
      `cannot serve metrics on 127.0.0.1:${port}: listen EADDRINUSE`,
    );
  });

  it("serves the metrics of the program and of its process", async () => {
    const registry = new Registry();
    new Counter({ name: "sold_total", help: "Sold.", registers: [registry] }).inc(3);
    const { url } = await start({ registry });
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get("content-type")).toBe(registry.contentType);
    const metrics = await response.text();
    expect(metrics).toContain("\nsold_total 3\n");
    const measured = (name: string): number =>
      Number(metrics.match(`\ngrpc_kit_worker_${name}{pid="${process.pid}"} (\\S+)`)?.[1]);
    expect(measured("event_loop_delay_seconds")).toBeGreaterThanOrEqual(0);
    expect(measured("uptime_seconds")).toBeGreaterThan(0);
    expect(measured("cpu_seconds_total")).toBeGreaterThan(0.01);

    expect(measured("heap_used_bytes")).toBeGreaterThan(1_000_000);
    expect(measured("heap_limit_bytes")).toBeGreaterThan(measured("heap_used_bytes"));
    expect(measured("resident_memory_bytes")).toBeGreaterThan(1_000_000);
  });

  it("serves OpenMetrics that end with their mark", async () => {
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    new Counter({
      name: "sold_total",
      help: "Sold.",
      registers: [registry as unknown as Registry],
    });
    const { url } = await start({ registry });
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get("content-type")).toBe(Registry.OPENMETRICS_CONTENT_TYPE);
    const lines = (await response.text()).split("\n");
    expect(lines.filter((line) => line === "# EOF")).toHaveLength(1);
    expect(lines.at(-2)).toBe("# EOF");
    expect(lines.slice(0, -1)).not.toContain("");
    expect(lines).toContain("# TYPE grpc_kit_worker_cpu_seconds counter");
    expect(lines.join("\n")).toMatch(/^grpc_kit_worker_cpu_seconds_total{pid="\d+"} \d/m);
  });

  it("says on /healthz that the process lives, and on /readyz whether it serves", async () => {
    let isReady: () => boolean | Promise<boolean> = () => true;
    const { url } = await start({ isReady: () => isReady() });
    const statusOf = async (path: string) => (await fetch(url + path)).status;
    expect([await statusOf("/healthz"), await statusOf("/readyz")]).toEqual([200, 200]);
    isReady = async () => false;
    expect([await statusOf("/healthz"), await statusOf("/readyz")]).toEqual([200, 503]);
    isReady = () => {
      throw new Error("broken");
    };
    expect(await statusOf("/readyz")).toBe(503);
    isReady = () => new Promise(() => {});
    expect(await statusOf("/readyz")).toBe(503);
    isReady = () => true;
    expect(await statusOf("/readyz")).toBe(200);
  });

  it("answers GET and HEAD only, of what is there", async () => {
    const { url } = await start();
    for (const path of ["/", "/metrics?x=1", "/healthz", "/readyz", "/status.json"]) {
      expect((await fetch(url + path)).status).toBe(200);
      const head = await fetch(url + path, { method: "HEAD" });
      expect([head.status, await head.text()]).toEqual([200, ""]);
      const posted = await fetch(url + path, { method: "POST", body: "x".repeat(1_000_000) });
      expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
      expect(posted.headers.get("connection")).toBe("close");
    }
    expect((await fetch(`${url}/metrics/`)).status).toBe(404);
    expect((await fetch(`${url}/..%2fetc/passwd`)).status).toBe(404);
  });

  it("lets nothing keep, frame, sniff or follow what it answers", async () => {
    const { url } = await start();
    for (const path of ["/", "/metrics", "/status.json", "/nothing"]) {
      const { headers } = await fetch(url + path);
      expect(headers.get("content-security-policy")).toMatch(
        /^default-src 'none';.*frame-ancestors 'none'$/,
      );
      expect(Object.fromEntries(headers)).toMatchObject({
        "cache-control": "no-store",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
      });
      expect(headers.get("access-control-allow-origin")).toBeNull();
    }
  });

  it("E13: listens on loopback alone, unless it is told otherwise", async () => {
    const { url } = await start();
    expect(new URL(url).hostname).toBe("127.0.0.1");
    const addresses = Object.values(networkInterfaces()).flatMap((those = []) => those);
    for (const { address } of addresses.filter(
      ({ internal, family }) => !internal && family === "IPv4",
    )) {
      const socket = connect(Number(new URL(url).port), address);
      await expect(once(socket, "connect")).rejects.toThrow("ECONNREFUSED");
    }
  });

  it("E13: answers only to the machine's own names on loopback", async () => {
    const { url } = await start();
    const port = new URL(url).port;
    for (const host of ["localhost", `LOCALHOST:${port}`, `127.0.0.1:${port}`, "[::1]:1"]) {
      expect(await ask(`${url}/status.json`, host)).toBe(200);
    }
    for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"]) {
      expect(await ask(`${url}/status.json`, host)).toBe(421);
    }
    const open = await start({ host: "0.0.0.0" });
    const { port: openPort } = new URL(open.url);
    expect(await ask(`http://127.0.0.1:${openPort}/metrics`, "orders.internal")).toBe(200);
  });

  it("renders once for those who ask at once", async () => {
    const registry = new Registry();
    const collected: number[] = [];
    const gate = Promise.withResolvers<void>();
    new Gauge({
      name: "slow",
      help: "Slow.",
      registers: [registry],
      async collect() {
        collected.push(1);
        await gate.promise;
      },
    });
    const { url } = await start({ registry });
    const asked = Array.from({ length: 20 }, () => fetch(`${url}/metrics`));
    // Those that came before this one has been answered have been heard.
    await fetch(`${url}/healthz`);
    gate.resolve();
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual(asked.map(() => 200));
    expect(collected.length).toBeLessThan(5);
  });

  it("tells an error to the program, and nothing of it to who asks", async () => {
    const registry = new Registry();
    new Gauge({
      name: "broken",
      help: "Broken.",
      registers: [registry],
      collect() {
        throw new Error("secret");
      },
    });
    const errors: unknown[] = [];
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const onError = (error: unknown) => {
      errors.push(error);
      throw new Error("so is the log");
    };
    const { url } = await start({ registry, onError });
    for (const path of ["/metrics", "/status.json"]) {
      const response = await fetch(url + path);
      expect([response.status, await response.text()]).toEqual([500, "failed\n"]);
    }
    expect(errors).toHaveLength(2);
    expect(write.mock.calls.join()).toContain("so is the log");
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it("cuts those that are slow to say what they want, and serves others meanwhile", async () => {
    const { url } = await start();
    const slow = connect(Number(new URL(url).port), "127.0.0.1");
    onTestFinished(() => void slow.destroy());
    slow.on("error", () => {});
    slow.write("GET /metrics HTTP/1.1\r\nhost: localhost\r\n");
    const drip = setInterval(() => slow.write("x: y\r\n"), 100);
    onTestFinished(() => clearInterval(drip));
    const ended = new Promise((resolve) => slow.resume().on("close", resolve));
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
    await ended;
  });

  it("holds a bounded number of connections", async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    const asked = Array.from({ length: 80 }, () => {
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      onTestFinished(() => void socket.destroy());
      socket.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
      return new Promise<boolean>((resolve) => {
        socket.on("data", () => resolve(true)).on("close", () => resolve(false));
      });
    });
    const answered = await Promise.all(asked);
    expect(answered.filter(Boolean)).toHaveLength(64);
  });

  it("cuts those that still ask when it closes", async () => {
    const gate = Promise.withResolvers<boolean>();
    const heard = Promise.withResolvers<void>();
    const isReady = () => {
      heard.resolve();
      return gate.promise;
    };
    const { url, close } = await start({ isReady });
    const asked = fetch(`${url}/readyz`);
    await heard.promise;
    await Promise.all([close(), expect(asked).rejects.toThrow("fetch failed")]);
    await close();
    gate.resolve(true);
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });
});
