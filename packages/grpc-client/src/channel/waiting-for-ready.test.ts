import { status } from "@grpc/grpc-js";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { expect, it, onTestFinished } from "vitest";
import { startServer } from "../../test/channel-server.ts";
import { startRawServer } from "../../test/raw-server.ts";
import { createClientFactory } from "../client-factory.ts";
import type { ConnectionsChange } from "../client-options.ts";
import type { ChannelOptions } from "./channel-options.ts";

function open(target: string, options: ChannelOptions = {}) {
  const reasons: ConnectionsChange["reason"][] = [];
  const factory = createClientFactory({
    observer: { onConnectionsChange: ({ reason }) => reasons.push(reason) },
  });
  onTestFinished(() => factory.close({ graceMs: 0 }));
  const reconnectBackoff = { initialMs: 20, maxMs: 100 };
  const base = { credentials: "insecure", reconnectBackoff } as const;
  return { factory, reasons, channel: factory.createChannel(target, { ...base, ...options }) };
}

it("goes on by another connection when one does not get ready", async () => {
  // To sockets, the peer has spoken.
  const peer = await startRawServer((socket) => socket.resume().write(Buffer.from([0])));
  const { channel, reasons } = open(peer.target, { connectTimeoutMs: 200 });
  const ready = channel.waitForReady({ timeoutMs: 15_000 });
  await expect.poll(() => reasons, { timeout: 15_000 }).toContain("unresponsive");
  peer.stop();
  await startServer({ port: peer.port });
  await ready;
  expect(channel.state).toBe("READY");
});

it("goes on by another connection when a stub brings a policy of its own", async () => {
  const peer = await startRawServer();
  const { factory, channel, reasons } = open(peer.target);
  const ready = channel.waitForReady({ timeoutMs: 15_000 });
  await expect.poll(() => peer.connections, { timeout: 15_000 }).toBe(1);
  factory.createStub(FixtureServiceService, channel, { methods: { unary: { idempotent: true } } });
  expect(reasons).toEqual(["busy", "reconfigured"]);
  await expect.poll(() => peer.connections, { timeout: 15_000 }).toBeGreaterThan(1);
  peer.stop();
  await startServer({ port: peer.port });
  await ready;
});

it("connects no more once the channel is closed", async () => {
  const peer = await startRawServer();
  const { channel, reasons } = open(peer.target);
  const ready = channel.waitForReady();
  await expect.poll(() => peer.connections, { timeout: 15_000 }).toBe(1);
  const closed = channel.close();
  await expect(ready).rejects.toMatchObject({ code: status.UNAVAILABLE });
  await closed;
  expect(reasons).toEqual(["busy", "closed"]);
});
