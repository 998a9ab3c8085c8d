import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { fileDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";
import { describe, expect, it } from "vitest";
import type { ChannelOptions } from "../src/channel/channel-options.ts";
import { createClientFactory } from "../src/client-factory.ts";

import { collectGarbage } from "./collect-garbage.ts";
import { startStub } from "./fixture-stub.ts";
import { type CallRecord, startLoad } from "./open-loop.ts";
import { startReplicas } from "./replicas.ts";

/*
 * What a client needs so that the loss of one of several servers costs its callers nothing:
 * - keepalive, to leave a server that is silent; the least that servers accept is 10 s,
 * - for methods without side effects hedging, at about the 95th percentile of their time, so that no
 *   call waits until it is found out that its server is silent or slow.
 */
const channel: ChannelOptions = {
  credentials: "insecure",
  grpcOptions: { "grpc.keepalive_time_ms": 1_000, "grpc.keepalive_timeout_ms": 1_000 },
  reconnectBackoff: { initialMs: 200, maxMs: 1_000 },
};
const hedging = { delayMs: 100, maxAttempts: 3 };

// A minute in all where the workspace is checked, since that is on the newest Node.js and once.
const phaseMs = process.env.GRPC_KIT_NODE?.startsWith("26.") === true ? 20_000 : 5_000;

function failed(records: readonly CallRecord[]): readonly CallRecord[] {
  return records.filter(({ code }) => code !== status.OK);
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

it(
  "one of three servers after another is killed, silent and slow: calls succeed, and in time",
  async () => {
    const [timeoutMs, usualMs, slowMs] = [2_000, 2, 1_000];
    const { all, targets } = await startReplicas(usualMs);
    const [killed, frozen, slow] = all;
    const socketsBefore = openSockets();
    const factory = createClientFactory({ descriptorSets: [fileDescriptorSet()] });
    const stub = factory.createStub(
      FixtureServiceService,
      factory.createChannel(targets, channel),
      {
        methods: { unary: { hedging } },
      },
    );
    const start = () => startLoad(stub, { callsPerSecond: 150, timeoutMs });
    const warmUp = start();
    await delay(1_000);
    await warmUp.stop();
    collectGarbage();
    const heapBefore = process.memoryUsage().heapUsed;

    const load = start();
    await killed.kill();
    await delay(phaseMs * 0.4);
    await killed.restart();
    await delay(phaseMs * 0.6);
    frozen.freeze();
    await delay(phaseMs * 0.6);
    frozen.thaw();
    await delay(phaseMs * 0.4);
    slow.slow(slowMs);
    await delay(phaseMs * 0.6);
    slow.slow(usualMs);
    await delay(phaseMs * 0.4);
    const records = await load.stop();

    expect(records.length).toBeGreaterThan(100 * 3 * (phaseMs / 1_000));
    expect(failed(records).length / records.length).toBeLessThanOrEqual(0.001);
    const late = records.filter(({ durationMs, lagMs }) => durationMs - lagMs > timeoutMs + 100);
    expect(late).toEqual([]);
    collectGarbage();
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(16 * 2 ** 20);
    await factory.close();
    await expect.poll(openSockets).toBe(socketsBefore);
  },
  phaseMs * 3 + 30_000,
);

describe("G2: when a server is killed under load", () => {
  it("no idempotent call fails, and no other is sent twice", async () => {
    // So slow that some calls are running whenever it happens.
    const { all, targets, executed } = await startReplicas(100);
    let lost = 0;
    const observer = { onAttemptFailed: () => (lost += 1) };
    const idempotent = startLoad(startStub(targets, { channel, observer }), {
      callsPerSecond: 150,
      timeoutMs: 10_000,
    });
    const other = startLoad(startStub(targets, { channel, observer, descriptorSets: [] }), {
      callsPerSecond: 150,
      timeoutMs: 10_000,
      name: "other ",
    });
    for (const replica of all.slice(0, 2)) {
      await delay(1_000);
      await replica.kill();
      await delay(500);
      await replica.restart();
    }
    await delay(500);
    expect(failed(await idempotent.stop())).toEqual([]);
    const records = await other.stop();
    const lostCalls = failed(records);
    expect(lostCalls.filter(({ code }) => code !== status.UNAVAILABLE)).toEqual([]);
    // All that were running on a connection are lost at once, which is no reason to open a circuit.
    expect(lostCalls.length / records.length).toBeLessThan(0.2);
    // Otherwise nothing has been shown.
    expect(lost).toBeGreaterThan(0);
    const others = executed().filter((id) => id.startsWith("other "));
    expect(others.length).toBeGreaterThan(100);
    expect(new Set(others).size).toBe(others.length);
  }, 30_000);
});

describe("G22: when a server says nothing any more", () => {
  it("all calls succeed after 5 s, without hedging", async () => {
    const { all, targets } = await startReplicas();
    const load = startLoad(startStub(targets, { channel }), {
      callsPerSecond: 150,
      timeoutMs: 1_000,
    });
    await delay(500);
    all[0].freeze();
    await delay(8_500);
    const records = await load.stop();
    const after = records.filter(({ startedMs }) => startedMs > 5_500);
    expect(after.length).toBeGreaterThan(200);
    expect(failed(after).length / after.length).toBeLessThanOrEqual(0.001);
    // Otherwise it was never silent.
    expect(failed(records).length).toBeGreaterThan(0);
  }, 30_000);
});
