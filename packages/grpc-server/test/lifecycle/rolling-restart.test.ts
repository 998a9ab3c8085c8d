import { credentials, status } from "@grpc/grpc-js";
import { callFixture } from "@grpc-kit/testing";
import { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { expect, it, onTestFinished } from "vitest";
import { type ServerProcess, spawnServer } from "./spawn-server.ts";

const wanted = 20_000;
const inFlight = 64;

it("G1: a rolling restart of three servers by SIGTERM loses no call of 20,000, with 64 in flight and no retries", {
  timeout: 180_000,
}, async () => {
  const servers: ServerProcess[] = [spawnServer(), spawnServer(), spawnServer()];
  const ports = await Promise.all(
    servers.map(async (server) => Number((await server.line("port")).port)),
  );
  const target = `ipv4:${ports.map((port) => `127.0.0.1:${port}`).join(",")}`;
  const client = new FixtureServiceClient(target, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 200,
    "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  });
  onTestFinished(() => client.close());

  const codes = new Map<status, number>();
  let made = 0;
  let restarts = 0;
  const lane = async (): Promise<void> => {
    while (made < wanted || restarts < servers.length) {
      made += 1;
      const { code } = await callFixture(client, "unary", { requests: [{ text: "a" }] }).outcome;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
  };
  const startedAt = performance.now();
  const lanes = Array.from({ length: inFlight }, lane);
  for (const [index, server] of servers.entries()) {
    const due = (wanted * (index + 1)) / (servers.length + 1);
    await expect.poll(() => made, { timeout: 120_000 }).toBeGreaterThan(due);
    server.child.kill("SIGTERM");
    expect(await server.exit).toBe(0);
    await spawnServer({ port: ports[index] as number }).line("port");
    restarts += 1;
  }
  await Promise.all(lanes);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  process.stdout.write(
    `G1: ${made} calls, 3 restarts, ${seconds} s: ${JSON.stringify([...codes])}\n`,
  );
  expect([...codes]).toEqual([[status.OK, made]]);
});
