import { once } from "node:events";
import { connect } from "node:net";
import { status } from "@grpc/grpc-js";
import { callFixture, createFixtureClient } from "@grpc-kit/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { spawnServer } from "./spawn-server.ts";

async function clientOf(port: unknown) {
  const client = createFixtureClient(`127.0.0.1:${port}`);
  onTestFinished(() => client.close());
  expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
  return client;
}

describe("runUntilSignal", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "stops in order on %s, and the process ends",
    async (signal) => {
      const server = spawnServer({ drainDelayMs: 50 });
      await clientOf((await server.line("port")).port);
      server.child.kill(signal);
      expect(await server.exit).toBe(0);
      expect(server.lines.map((line) => line.phase ?? Object.keys(line)[0])).toEqual([
        "starting",
        "serving",
        "port",
        "leaving",
        "draining",
        "closing",
        "stopped",
        "signal",
      ]);
      expect(await server.line("signal")).toEqual({ signal });
    },
  );

  it("G3: ends open streams within the grace, UNAVAILABLE", async () => {
    const server = spawnServer({ graceMs: 200 });
    const client = await clientOf((await server.line("port")).port);
    const streams = Array.from({ length: 40 }, () => [
      callFixture(client, "serverStream"),
      callFixture(client, "bidi", { keepOpen: true }),
    ]).flat();
    await callFixture(client, "unary").outcome;
    server.child.kill("SIGTERM");
    const codes = await Promise.all(streams.map(async ({ outcome }) => (await outcome).code));
    expect(new Set(codes)).toEqual(new Set([status.UNAVAILABLE]));
    expect(await server.exit).toBe(0);
  });

  it("G4: is not held up by a silent connection", async () => {
    const server = spawnServer({ graceMs: 60_000 });
    const { port } = await server.line("port");
    const silent = connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
    silent.on("error", () => {});
    await once(silent, "connect");
    server.child.kill("SIGTERM");
    expect(await server.exit).toBe(0);
    silent.destroy();
  });

  it("G6: ends at once on a second signal, with a code that is not 0", async () => {
    const server = spawnServer({ graceMs: 60_000, drainDelayMs: 60_000 });
    await server.line("port");
    server.child.kill("SIGTERM");
    await expect.poll(() => server.lines.some(({ phase }) => phase === "leaving")).toBe(true);
    server.child.kill("SIGTERM");
    expect(await server.exit).toBe(128 + 15);
  });

  it("ends the process when the signal comes before the start has settled", async () => {
    const server = spawnServer({ slowStart: true });
    await server.line("ready");
    server.child.kill("SIGTERM");
    expect(await server.exit).toBe("SIGTERM");
  });
});
