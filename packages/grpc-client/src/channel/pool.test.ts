import type { Socket } from "node:net";
import { status } from "@grpc/grpc-js";
import { describe, expect, it, vi } from "vitest";
import { callOn, callTimes, openChannel } from "../../test/channel-call.ts";
import { startServer } from "../../test/channel-server.ts";
import { pass, startRawServer } from "../../test/raw-server.ts";
import type { ConnectionsChange } from "../client-options.ts";
import type { ServicePolicy } from "./call-source.ts";
import { callSourceOf } from "./call-source-of.ts";
import type { ChannelContext } from "./pool.ts";

const patience = { timeout: 15_000 };

function recordChanges(): { changes: ConnectionsChange[]; context: ChannelContext } {
  const changes: ConnectionsChange[] = [];
  return {
    changes,
    context: { observer: { onConnectionsChange: (change) => changes.push(change) } },
  };
}

describe("the connections of a channel", () => {
  it("begin with the first call", async () => {
    const server = await startServer();
    const channel = openChannel(server.target);
    expect([channel.state, channel.connections]).toEqual(["IDLE", 0]);
    expect((await callOn(channel))?.code).toBe(status.OK);
    expect([channel.state, channel.connections, channel.openCalls]).toEqual(["READY", 1, 0]);
  });

  it("grow before the limit, so that all calls run at once, and no further than they may", async () => {
    const server = await startServer({ maxStreams: 100, isHolding: true });
    const { changes, context } = recordChanges();
    const channel = openChannel(server.target, {}, context);
    const calls = callTimes(channel, 400);
    await vi.waitFor(() => expect(server.running).toBe(400), patience);
    expect([channel.connections, server.connections, channel.openCalls]).toEqual([4, 4, 400]);
    const more = callTimes(channel, 10);
    expect(channel.connections).toBe(4);
    server.release();
    expect([await calls, await more]).toEqual([{ OK: 400 }, { OK: 10 }]);
    expect(changes).toEqual(
      [1, 2, 3, 4].map((connections) => ({
        target: server.target,
        connections,
        reason: "busy",
      })),
    );
  });

  it("grow from one that is ready, which has the calls until the next one is", async () => {
    const server = await startServer({ maxStreams: 10, isHolding: true });
    // Later connections are kept from the server.
    const kept: Socket[] = [];
    let passes = true;
    const peer = await startRawServer((socket) => {
      if (passes) {
        pass(socket, server.port);
      } else {
        kept.push(socket);
      }
    });
    const channel = openChannel(peer.target, { pool: { maxStreamsPerConnection: 10 } });
    await channel.waitForReady();
    passes = false;
    const eight = callTimes(channel, 8);
    expect(channel.connections).toBe(1);
    const two = callTimes(channel, 2);
    expect(channel.connections).toBe(2);
    await vi.waitFor(() => expect(server.running).toBe(10), patience);
    const ten = callTimes(channel, 10);
    await vi.waitFor(() => expect(kept.length).toBeGreaterThan(0), patience);
    expect(server.running).toBe(10);
    passes = true;
    for (const socket of kept) {
      pass(socket, server.port);
    }
    await vi.waitFor(() => expect(server.running).toBe(20), patience);
    server.release();
    expect([await eight, await two, await ten]).toEqual([{ OK: 8 }, { OK: 2 }, { OK: 10 }]);
  });

  it("have as many calls as they have addresses", async () => {
    const servers = await Promise.all([1, 2].map(() => startServer({ isHolding: true })));
    const channel = openChannel(
      servers.map(({ target }) => target),
      { pool: { maxStreamsPerConnection: 10 } },
    );
    await channel.waitForReady();
    const calls = callTimes(channel, 16);
    expect(channel.connections).toBe(1);
    const more = callTimes(channel, 1);
    expect(channel.connections).toBe(2);
    for (const server of servers) {
      server.release();
    }
    expect([await calls, await more]).toEqual([{ OK: 16 }, { OK: 1 }]);
  });

  it("lose no call to a server that takes fewer than they think", async () => {
    const server = await startServer({ maxStreams: 3 });
    const channel = openChannel(server.target);
    expect(await callTimes(channel, 300)).toEqual({ OK: 300 });
  });

  it("shrink once they are not needed, and lose no call by it", async () => {
    const server = await startServer({ isHolding: true });
    const { changes, context } = recordChanges();
    const pool = { maxStreamsPerConnection: 10, idleMs: 50 };
    const channel = openChannel(server.target, { pool }, context);
    const calls = callTimes(channel, 30);
    await vi.waitFor(() => expect(server.running).toBe(30), patience);
    expect(channel.connections).toBe(4);
    server.release();
    expect(await calls).toEqual({ OK: 30 });
    while (channel.connections > 1) {
      expect(await callTimes(channel, 3)).toEqual({ OK: 3 });
    }
    expect(await callTimes(channel, 3)).toEqual({ OK: 3 });
    expect(changes.slice(4).map(({ reason }) => reason)).toEqual(["idle", "idle", "idle"]);
    expect(changes.at(-1)?.connections).toBe(1);
  });

  it("do not shrink while they are needed", async () => {
    const server = await startServer({ isHolding: true });
    const pool = { maxStreamsPerConnection: 10, idleMs: 5 };
    const channel = openChannel(server.target, { pool });
    const calls = callTimes(channel, 20);
    await vi.waitFor(() => expect(server.running).toBe(20), patience);
    expect(channel.connections).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(channel.connections).toBe(3);
    server.release();
    expect(await calls).toEqual({ OK: 20 });
  });
});

describe("the policies of services", () => {
  const policy = (initialBackoff: string): ServicePolicy => ({
    service: "a.Service",
    methodConfigs: [
      {
        name: [{ service: "a.Service" }],
        retryPolicy: {
          maxAttempts: 2,
          initialBackoff,
          maxBackoff: "1s",
          backoffMultiplier: 1,
          retryableStatusCodes: [status.UNAVAILABLE],
        },
      },
    ],
  });

  it("are for connections made after they came, and those before end their calls", async () => {
    const server = await startServer({ isHolding: true });
    const { changes, context } = recordChanges();
    const channel = openChannel(server.target, {}, context);
    const source = callSourceOf(channel);
    source.addService({ service: "an.Other", methodConfigs: [] });
    const call = callOn(channel);
    await vi.waitFor(() => expect(server.running).toBe(1), patience);
    source.addService({ service: "of.No.Interest", methodConfigs: [] });
    expect(channel.connections).toBe(1);
    source.addService(policy("0.1s"));
    source.addService(policy("0.1s"));
    expect([channel.connections, channel.openCalls]).toEqual([0, 1]);
    const next = callOn(channel);
    await vi.waitFor(() => expect(server.running).toBe(2), patience);
    expect([channel.connections, server.connections]).toEqual([1, 2]);
    server.release();
    expect([(await call)?.code, (await next)?.code]).toEqual([status.OK, status.OK]);
    expect(changes.map(({ reason }) => reason)).toEqual(["busy", "reconfigured", "busy"]);
  });

  it("must be the same for all stubs", () => {
    const source = callSourceOf(openChannel("127.0.0.1:1"));
    source.addService(policy("0.1s"));
    expect(() => source.addService(policy("0.2s"))).toThrow(
      "methods must be the same for all stubs of a.Service on channels that share connections",
    );
  });

  it("reach grpc-js", async () => {
    const server = await startServer();
    server.fail(status.UNAVAILABLE);
    const channel = openChannel(server.target);
    callSourceOf(channel).addService({
      service: "fixtures.FixtureService",
      methodConfigs: policy("0.01s").methodConfigs.map((config) => ({ ...config, name: [{}] })),
    } as unknown as ServicePolicy);
    expect((await callOn(channel))?.code).toBe(status.UNAVAILABLE);
    expect(server.calls).toBe(2);
  });
});
