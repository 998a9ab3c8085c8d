import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { hasProgram } from "../../src/find-program.ts";
import { startPrometheus } from "./start-prometheus.ts";

async function serveMetrics(text: string): Promise<string> {
  const server = createServer((_, response) => response.end(text)).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.skipIf(!hasProgram("prometheus", "prometheus"))("startPrometheus", () => {
  it("scrapes its targets, and answers with numbers", async () => {
    const target = await serveMetrics("lamps 4\nlamps_limit +Inf\n");
    const prometheus = await startPrometheus({ targets: [target, "127.0.0.1:1"] });
    onTestFinished(prometheus.stop);
    expect(await prometheus.query("up == 0")).toMatchObject([
      { metric: { job: "item-service", instance: "127.0.0.1:1" } },
    ]);
    expect(await prometheus.query("lamps")).toMatchObject([{ value: 4 }]);
    expect(await prometheus.query("-lamps_limit")).toMatchObject([
      { value: Number.NEGATIVE_INFINITY },
    ]);
    expect(await prometheus.query("2 + 2")).toEqual([{ metric: {}, value: 4 }]);
    await expect(prometheus.query("lamps[")).rejects.toThrow("prometheus refuses lamps[");
  });
});
