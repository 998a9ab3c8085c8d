import { once } from "node:events";
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { Metadata, status } from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { callOn, callTimes, openChannel } from "../../test/channel-call.ts";
import { startServer } from "../../test/channel-server.ts";
import { pass, type RawServer, startRawServer } from "../../test/raw-server.ts";

const patience = { timeout: 15_000 };
// TLS that was accepted, and then nothing, looks to sockets as if the peer had spoken.
function startHalfDeadServer(port = 0): Promise<RawServer> {
  return startRawServer((socket) => socket.resume().write(Buffer.from([0])), port);
}

const quick = { reconnectBackoff: { initialMs: 20, maxMs: 100 } };

describe("a peer that says nothing", () => {
  it.each([
    ["without TLS", "insecure"],
    ["with TLS", {}],
  ] as const)("fails calls in time, and leaves no socket: %s", async (_name, credentials) => {
    const peer = await startRawServer();
    const channel = openChannel(peer.target, { credentials, connectTimeoutMs: 200 });
    const ended = await callOn(channel);
    expect(ended?.code).toBe(status.UNAVAILABLE);
    expect(ended?.details).toMatch(/said nothing for 180 ms|no connection to .* within 200 ms/);
    await channel.close();
    await vi.waitFor(() => expect(peer.sockets.size).toBe(0), patience);
  });

  it("is forgotten once the port answers", async () => {
    const peer = await startRawServer();
    const channel = openChannel(peer.target, { ...quick, connectTimeoutMs: 200 });
    expect((await callOn(channel))?.code).toBe(status.UNAVAILABLE);
    const waiting = callOn(channel, { waitForReady: true });
    peer.stop();
    await startServer({ port: peer.port });
    expect((await waiting)?.code).toBe(status.OK);
    expect((await callOn(channel))?.code).toBe(status.OK);
  });

  it("keeps no calls from other addresses", async () => {
    const [peer, server] = [await startRawServer(), await startServer()];
    const channel = openChannel([peer.target, server.target], { ...quick, connectTimeoutMs: 200 });
    expect(await callTimes(channel, 10)).toEqual({ OK: 10 });
    await vi.waitFor(() => expect(peer.connections).toBeGreaterThan(1), patience);
    expect(channel.connections).toBe(1);
    peer.stop();
    const late = await startServer({ port: peer.port });
    await vi.waitFor(async () => {
      expect((await callOn(channel))?.code).toBe(status.OK);
      expect(late.calls).toBeGreaterThan(0);
    }, patience);
  });
});

describe("a member that does not get ready", () => {
  it("is replaced, and its calls end unless they wait for a connection", async () => {
    const peer = await startHalfDeadServer();
    const changes: string[] = [];
    const channel = openChannel(
      peer.target,
      { ...quick, connectTimeoutMs: 200 },
      { observer: { onConnectionsChange: ({ reason }) => changes.push(reason) } },
    );
    const waiting = callOn(channel, { waitForReady: true, timeoutMs: 1_000 });
    const ended = await callOn(channel);
    expect([ended?.code, ended?.details]).toEqual([
      status.UNAVAILABLE,
      `no connection to ${peer.target} within 200 ms`,
    ]);
    expect([changes, channel.openCalls, channel.state]).toEqual([
      ["busy", "unresponsive"],
      1,
      "IDLE",
    ]);
    expect((await waiting)?.code).toBe(status.DEADLINE_EXCEEDED);
    await vi.waitFor(() => expect(peer.sockets.size).toBe(0), patience);
    peer.stop();
    await startServer({ port: peer.port });
    expect((await callOn(channel))?.code).toBe(status.OK);
  });
});

describe("calls of a server that goes", () => {
  it("are left alone when its successor does not get ready", async () => {
    const server = await startServer({ isHolding: true });
    const changes: string[] = [];
    const channel = openChannel(
      server.target,
      { ...quick, connectTimeoutMs: 200 },
      { observer: { onConnectionsChange: ({ reason }) => changes.push(reason) } },
    );
    const call = callOn(channel);
    await vi.waitFor(() => expect(server.running).toBe(1), patience);
    const drained = server.drain();
    await startHalfDeadServer(server.port);
    await vi.waitFor(() => expect(changes).toEqual(["busy", "unresponsive"]), patience);
    server.release();
    expect((await call)?.code).toBe(status.OK);
    await drained;
  });
});

describe("L25: a peer that is silent all at once", () => {
  it("fails its calls as soon as keepalive finds out", async () => {
    const server = await startServer({ isHolding: true });
    const peer = await startRawServer((socket) => pass(socket, server.port));
    const channel = openChannel(peer.target, {
      ...quick,
      grpcOptions: { "grpc.keepalive_time_ms": 200, "grpc.keepalive_timeout_ms": 2_000 },
    });
    const call = callOn(channel, { timeoutMs: 60_000 });
    await vi.waitFor(() => expect(server.running).toBe(1), patience);
    // As long as there are answers to pings, calls take as long as they do.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(channel.openCalls).toBe(1);
    for (const socket of peer.sockets) {
      socket.unpipe().resume();
    }
    expect((await call)?.code).toBe(status.UNAVAILABLE);
    server.release();
    expect((await callOn(channel, { waitForReady: true }))?.code).toBe(status.OK);
  });
});

describe("a peer that does not speak HTTP/2", () => {
  it("fails calls, and is forgotten once it does", async () => {
    const peer = await startRawServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const channel = openChannel(peer.target, quick);
    expect((await callOn(channel))?.code).toBe(status.UNAVAILABLE);
    peer.stop();
    await startServer({ port: peer.port });
    expect((await callOn(channel, { waitForReady: true }))?.code).toBe(status.OK);
  });
});

describe("a server that goes", () => {
  it("by GOAWAY loses no call, and the next ones are on a new connection", async () => {
    const sessions = new Set<{ goaway(): void }>();
    const server = createServer();
    server.on("session", (session) => sessions.add(session));
    let calls = 0;
    server.on("stream", (stream: ServerHttp2Stream) => {
      calls += 1;
      stream.resume();
      // Some answer only after the connection has been told to go.
      const delayMs = calls % 3 === 0 ? 20 : 0;
      setTimeout(() => {
        stream.respond(
          { ":status": 200, "content-type": "application/grpc" },
          { waitForTrailers: true },
        );
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.end(Buffer.from([0, 0, 0, 0, 0]));
      }, delayMs);
      stream.on("error", () => {});
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void server.close());
    const channel = openChannel(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    for (let round = 1; round <= 5; round += 1) {
      const before = callTimes(channel, 10);
      await vi.waitFor(() => expect(calls).toBe(20 * round - 10), patience);
      for (const session of sessions) {
        session.goaway();
      }
      const after = callTimes(channel, 10);
      expect([await before, await after]).toEqual([{ OK: 10 }, { OK: 10 }]);
      sessions.clear();
    }
  });

  it("to be replaced at the same address is found again", async () => {
    const first = await startServer();
    const channel = openChannel(first.target, quick);
    expect((await callOn(channel))?.code).toBe(status.OK);
    await first.drain();
    const waiting = callOn(channel, { waitForReady: true });
    const second = await startServer({ port: first.port });
    expect((await waiting)?.code).toBe(status.OK);
    expect(second.calls).toBe(1);
  });
});

describe("F7: clients that lose the same server at once", () => {
  it("come back one after the other", async () => {
    const first = await startServer();
    const channels = Array.from({ length: 40 }, () =>
      openChannel(first.target, { reconnectBackoff: { initialMs: 1_000, maxMs: 2_000 } }),
    );
    await Promise.all(channels.map((channel) => channel.waitForReady()));
    first.kill();
    // The first attempt of each is at once, and refused.
    await vi.waitFor(() => {
      expect(channels.every(({ state }) => state === "TRANSIENT_FAILURE")).toBe(true);
    }, patience);
    const attempts: number[] = [];
    await startRawServer((socket) => {
      attempts.push(performance.now());
      socket.destroy();
    }, first.port);
    await vi.waitFor(() => expect(attempts.length).toBeGreaterThanOrEqual(40), patience);
    const sorted = attempts.sort((one, other) => one - other).slice(0, 40);
    const most = Math.max(
      ...sorted.map((at) => sorted.filter((other) => other >= at && other < at + 100).length),
    );
    // Of one second that they are spread over. Without jitter, all are in one of these windows.
    expect(most).toBeLessThanOrEqual(20);
  });
});

describe("waitForReady", () => {
  it("resolves once a call could be sent, which may be after the server has come", async () => {
    const peer = await startRawServer();
    peer.stop();
    const channel = openChannel(peer.target, quick);
    const ready = channel.waitForReady();
    await vi.waitFor(() => expect(channel.state).toBe("TRANSIENT_FAILURE"), patience);
    await startServer({ port: peer.port });
    await ready;
    expect(channel.state).toBe("READY");
    await channel.waitForReady();
  });

  it("connects again what has lost its server, and has no calls to", async () => {
    const first = await startServer();
    const channel = openChannel(first.target, { loadBalancing: "pick_first" });
    await channel.waitForReady();
    await first.drain();
    await vi.waitFor(() => expect(channel.state).toBe("IDLE"), patience);
    await startServer({ port: first.port });
    await channel.waitForReady();
  });

  it("rejects with UNAVAILABLE if it takes too long", async () => {
    const peer = await startRawServer();
    const channel = openChannel(peer.target);
    await expect(channel.waitForReady({ timeoutMs: 50 })).rejects.toMatchObject({
      name: "GrpcCallError",
      code: status.UNAVAILABLE,
      details: `no connection to ${peer.target} within 50 ms, it is CONNECTING`,
      metadata: expect.any(Metadata),
    });
  });

  it("has no time below 1", async () => {
    await expect(openChannel("a:1").waitForReady({ timeoutMs: Number.NaN })).rejects.toThrow(
      "timeoutMs must be a number above 0, got NaN",
    );
  });

  it("rejects with CANCELLED if its signal aborts, before or while it waits", async () => {
    const peer = await startRawServer();
    const channel = openChannel(peer.target);
    const cancelled = { code: status.CANCELLED, cause: "enough" };
    const before = channel.waitForReady({ signal: AbortSignal.abort("enough") });
    await expect(before).rejects.toMatchObject(cancelled);
    expect(channel.connections).toBe(0);
    const controller = new AbortController();
    const ready = channel.waitForReady({ signal: controller.signal });
    controller.abort("enough");
    await expect(ready).rejects.toMatchObject(cancelled);
  });

  it("rejects once the channel is closed", async () => {
    const peer = await startRawServer();
    const channel = openChannel(peer.target);
    const ready = channel.waitForReady();
    const rejection = expect(ready).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await channel.close();
    await rejection;
    await expect(channel.waitForReady()).rejects.toMatchObject({
      details: `the channel to ${peer.target} is closed`,
    });
  });
});
