import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { credentials, status } from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { callOn, callTimes, openChannel } from "../../test/channel-call.ts";
import { startServer } from "../../test/channel-server.ts";
import { startRawServer } from "../../test/raw-server.ts";
import { callSourceOf } from "./call-source-of.ts";
import type { ChannelOptions } from "./channel-options.ts";
import { createChannelRegistry } from "./channel-registry.ts";
import type { GrpcChannel } from "./grpc-channel.ts";

const patience = { timeout: 15_000 };

describe("channels to the same target", () => {
  const insecure: ChannelOptions = { credentials: "insecure" };
  const ssl = credentials.createSsl();

  async function connectionsOf(options: readonly ChannelOptions[]): Promise<number> {
    const registry = createChannelRegistry();
    onTestFinished(() => registry.close());
    const server = await startServer();
    for (const one of options) {
      await callOn(registry.open(server.target, one));
    }
    return server.connections;
  }

  it.each([
    ["with the same options", [insecure, { ...insecure }], 1],
    [
      "with a default that one has written down",
      [insecure, { ...insecure, pool: { maxConnections: 4 }, loadBalancing: "round_robin" }],
      1,
    ],
    ["with other options", [insecure, { ...insecure, userAgent: "b" }], 2],
    [
      "with other options of grpc-js",
      [insecure, { ...insecure, grpcOptions: { "grpc.enable_channelz": 0 } }],
      2,
    ],
    [
      "with other credentials",
      [
        { credentials: credentials.createInsecure() },
        { credentials: credentials.createInsecure() },
      ],
      2,
    ],
  ] as const)("share connections or not: %s", async (_name, options, connections) => {
    expect(await connectionsOf(options)).toBe(connections);
  });

  it("share nothing if their credentials differ", () => {
    const registry = createChannelRegistry();
    onTestFinished(() => registry.close());
    const policy = { service: "s", methodConfigs: [] };
    const other = { service: "s", methodConfigs: [{ name: [{ service: "s" }] }] };
    const sources = [{ credentials: ssl }, {}, { credentials: { serverName: "a" } }, insecure].map(
      (options) => callSourceOf(registry.open("host:1", options)),
    );
    expect(sources.map(({ takesCredentials }) => takesCredentials)).toEqual([
      true,
      true,
      true,
      false,
    ]);
    for (const [index, source] of sources.entries()) {
      source.addService(index % 2 === 0 ? policy : other);
    }
    const again = callSourceOf(registry.open("host:1", { credentials: { serverName: "a" } }));
    expect(() => again.addService(other)).toThrow(TypeError);
    expect(() =>
      callSourceOf(registry.open("host:1", { credentials: ssl })).addService(other),
    ).toThrow(TypeError);
  });

  it("end each its own calls, and the connections with the last of them", async () => {
    const registry = createChannelRegistry();
    const server = await startServer({ isHolding: true });
    const one = registry.open(server.target, insecure);
    const other = registry.open(server.target, insecure);
    const calls = [callOn(one), callOn(other)];
    await vi.waitFor(() => expect(server.running).toBe(2), patience);
    expect([one.openCalls, other.openCalls, server.connections]).toEqual([1, 1, 1]);
    await one.close({ graceMs: 0 });
    expect((await calls[0])?.code).toBe(status.UNAVAILABLE);
    expect([one.state, other.state]).toEqual(["SHUTDOWN", "READY"]);
    server.release();
    expect((await calls[1])?.code).toBe(status.OK);
    await other.close();
    expect(other.state).toBe("SHUTDOWN");
    const next = registry.open(server.target, insecure);
    expect(next.state).toBe("IDLE");
    expect((await callOn(next))?.code).toBe(status.OK);
    expect(server.connections).toBe(2);
    await registry.close();
    expect(next.state).toBe("SHUTDOWN");
  });
});

describe("close", () => {
  it("ends what waits for the channel, even if others use its connections", async () => {
    const registry = createChannelRegistry();
    onTestFinished(() => registry.close());
    const peer = await startRawServer();
    const [one, other] = [registry.open(peer.target), registry.open(peer.target)];
    const waiting = [one, other].map((channel) => channel.waitForReady({ timeoutMs: 1_000 }));
    const [ended, going] = waiting.map((ready) => ready.catch((error: Error) => error.message));
    await vi.waitFor(() => expect(peer.sockets.size).toBe(1), patience);
    await one.close();
    expect(await ended).toBe(`UNAVAILABLE: the channel to ${peer.target} is closed`);
    expect(other.state).toBe("CONNECTING");
    expect(await going).toContain("within 1000 ms");
  });

  it("lets calls end, and takes no more", async () => {
    const server = await startServer({ isHolding: true });
    const channel = openChannel(server.target);
    const call = callOn(channel);
    await vi.waitFor(() => expect(server.running).toBe(1), patience);
    const closed = channel.close();
    expect(channel.close()).toBe(closed);
    expect(await callOn(channel)).toBeUndefined();
    expect([channel.state, channel.connections, channel.openCalls]).toEqual(["SHUTDOWN", 0, 1]);
    server.release();
    expect((await call)?.code).toBe(status.OK);
    await closed;
    expect(channel.openCalls).toBe(0);
  });

  it("cancels calls that do not end in time", async () => {
    const server = await startServer({ isHolding: true });
    const channel = openChannel(server.target);
    const calls = callTimes(channel, 20);
    await vi.waitFor(() => expect(server.running).toBe(20), patience);
    await channel.close({ graceMs: 20 });
    expect(await calls).toEqual({ UNAVAILABLE: 20 });
    await vi.waitFor(() => expect(server.running).toBe(0), patience);
  });

  it("cancels them sooner when it is told so once more, and never later", async () => {
    const server = await startServer({ isHolding: true });
    for (const graces of [
      [600_000, 20],
      [20, 600_000],
      [20, undefined],
    ]) {
      const channel = openChannel(server.target);
      const call = callOn(channel);
      await vi.waitFor(() => expect(server.running).toBe(1), patience);
      for (const graceMs of graces) {
        void channel.close(graceMs === undefined ? {} : { graceMs });
      }
      expect((await call)?.code).toBe(status.UNAVAILABLE);
      await vi.waitFor(() => expect(server.running).toBe(0), patience);
    }
  });

  it("needs nothing of a channel that was never used", async () => {
    const channel = openChannel("127.0.0.1:1");
    await channel.close();
    expect(channel.state).toBe("SHUTDOWN");
  });

  it.each(["used", "closed", "silent"])("leaves the process to end: %s", async (use) => {
    // A module of its own, since this process has much else to wait for.
    const source = `
      import { createChannelRegistry } from ${JSON.stringify(import.meta.resolve("./channel-registry.ts"))};
      const target = process.argv[1];
      const channel = createChannelRegistry().open(target, { credentials: "insecure", connectTimeoutMs: 300 });
      await channel.waitForReady({ timeoutMs: 1_000 }).catch(() => {});
      if (${JSON.stringify(use)} === "closed") await channel.close();
    `;
    const server = await startServer();
    const silent = use === "silent" ? await startRawServer() : undefined;
    const args = ["--conditions=@grpc-kit/source", "--input-type=module", "-e", source];
    await promisify(execFile)(process.execPath, [...args, silent?.target ?? server.target], {
      timeout: 20_000,
    });
  });
});

describe("callSourceOf", () => {
  it("wants one of our channels", () => {
    expect(() => callSourceOf({ target: "a" } as GrpcChannel)).toThrow(
      "channel must be what createChannel returned, got { target: 'a' }",
    );
  });
});
