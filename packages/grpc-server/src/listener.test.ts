import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
} from "node:http2";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { callFixture, createFixtureClient } from "@grpc-kit/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { openRawCall, statusOf } from "../test/raw-call.ts";
import { envelope, serveFixture } from "../test/serve-fixture.ts";
import type { ServerEvent } from "./server-events.ts";

async function connect(port: number): Promise<Socket> {
  const socket = connectTcp({ port, host: "127.0.0.1" }).resume();
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Settles when the server has closed the socket. */
async function closed(socket: Socket | ClientHttp2Stream): Promise<void> {
  if (!socket.closed) {
    await new Promise((resolve) => void socket.once("close", resolve));
  }
}

function makeTempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "grpc-server-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe("connections", () => {
  it("A19: are no more than max, and those that are open are served", async () => {
    const { server, port, client } = await serveFixture(
      {},
      { connections: { max: 3, maxPerPeer: 3 } },
    );
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    const events: ServerEvent[] = [];
    server.onEvent((event) => events.push(event));
    const held = [await connect(port), await connect(port)];
    await closed(await connect(port));
    expect(server.stats).toMatchObject({ connections: 3, refused: { too_many_connections: 1 } });
    expect(events).toEqual([
      { type: "refused", refusal: "too_many_connections", peer: "127.0.0.1" },
    ]);
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    held[0]?.destroy();
    await expect.poll(() => server.stats.connections).toBe(2);
    expect((await connect(port)).destroyed).toBe(false);
  });

  it("A19: are no more than maxPerPeer of one address", async () => {
    const { server, port } = await serveFixture({}, { connections: { maxPerPeer: 1 } });
    await connect(port);
    await closed(await connect(port));
    expect(server.stats.refused).toEqual({ too_many_connections_of_peer: 1 });
    const other = connectTcp({ port, host: "127.0.0.1", localAddress: "127.0.0.2" }).resume();
    onTestFinished(() => void other.destroy());
    await expect.poll(() => server.stats.connections).toBe(2);
  });

  it("A3: do not come faster than ratePerPeer, beyond a burst", async () => {
    const connections = { maxPerPeer: 5, ratePerPeer: 0.001 };
    const { server, port } = await serveFixture({}, { connections });
    for (let connected = 0; connected < 8; connected += 1) {
      const socket = await connect(port);
      socket.destroy();
      await expect.poll(() => server.stats.connections).toBe(0);
    }
    expect(server.stats.refused).toEqual({ connection_rate: 3 });
  });

  it("A3: are cut when their peer has reset more streams than it may", async () => {
    const connections = { resetBudget: { burst: 5, perSecond: 0.001 } };
    const { server, port } = await serveFixture({}, { connections });
    const stream = openRawCall(port, "/fixtures.FixtureService/Bidi");
    const session = stream.session as ClientHttp2Session;
    session.on("error", () => {});
    for (let resets = 0; resets < 7; resets += 1) {
      const doomed = session.request({ ":method": "POST", ":path": "/a/B" });
      doomed.on("error", () => {});
      doomed.close(8);
    }
    await closed(stream);
    expect(server.stats.refused.reset_budget).toBeGreaterThan(0);
    await closed(await connect(port));
    await expect.poll(() => server.stats.connections).toBe(0);
  });

  it.each([
    ["nothing", ""],
    ["half a preface", "PRI * HTTP/2.0\r\n"],
    ["a preface without settings", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ])("A16: are cut that have sent %s after the time for a handshake", async (_name, sent) => {
    const { server, port } = await serveFixture({}, { connections: { handshakeTimeoutMs: 50 } });
    const socket = await connect(port);
    socket.write(sent);
    await closed(socket);
    expect(server.stats.refused).toEqual({ handshake_timeout: 1 });
  });

  it.each([
    ["HTTP/1.1", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"],
    ["TLS", Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])],
    ["another frame than SETTINGS", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\0".repeat(9)}`],
  ])("A22: are cut at once that speak %s", async (_name, sent) => {
    const { server, port } = await serveFixture();
    const socket = await connect(port);
    socket.write(sent);
    await closed(socket);
    expect(server.stats.refused).toEqual({ not_http2: 1 });
  });

  it("are served whose preface comes byte by byte", async () => {
    const { port } = await serveFixture();
    const proxy = createServer((near) => {
      const far = connectTcp({ port, host: "127.0.0.1", noDelay: true });
      far.pipe(near);
      near.on("data", (chunk: Buffer) => {
        for (const byte of chunk) {
          far.write(Buffer.of(byte));
        }
      });
      near.on("error", () => {}).on("close", () => far.destroy());
      far.on("error", () => {});
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    onTestFinished(() => void proxy.close());
    const { port: slowPort } = proxy.address() as { port: number };
    const stream = openRawCall(slowPort, "/fixtures.FixtureService/Unary").resume();
    stream.end(Buffer.alloc(5));
    expect(await statusOf(stream)).toBe(status.OK);
  });

  it("G7: are asked to go when they are old, and no call is lost by it", async () => {
    const peers = new Set<string>();
    const { client } = await serveFixture(
      {
        unary(request, { peer }) {
          peers.add(peer);
          return request;
        },
      },
      { connections: { maxAgeMs: 300 } },
    );
    const codes = new Set<status>();
    let isOver = false;
    const lane = async (): Promise<void> => {
      while (!isOver) {
        codes.add((await callFixture(client, "unary").outcome).code);
      }
    };
    const lanes = Array.from({ length: 16 }, lane);
    await expect.poll(() => peers.size, { timeout: 10_000 }).toBeGreaterThan(2);
    isOver = true;
    await Promise.all(lanes);
    expect([...codes]).toEqual([status.OK]);
  });

  it("are closed that have no calls for maxIdleMs, so that no call is lost by it", async () => {
    const { server, port } = await serveFixture({}, { connections: { maxIdleMs: 100 } });
    const stream = openRawCall(port, "/fixtures.FixtureService/Unary").resume();
    const session = stream.session as ClientHttp2Session;
    const told = once(session, "goaway");
    stream.end(Buffer.alloc(5));
    // "All that you have sent is still served."
    expect((await told)[1]).toBe(2 ** 31 - 1);
    await expect.poll(() => server.stats.connections).toBe(0);
  });

  it("are closed that never made a call", async () => {
    const { server, port } = await serveFixture({}, { connections: { maxIdleMs: 100 } });
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    await once(session, "connect");
    await expect.poll(() => server.stats.connections).toBe(1);
    await once(session, "close");
    await expect.poll(() => server.stats.connections).toBe(0);
  });

  it("are freed of calls whose callers keep their side open after the answer", async () => {
    const { port } = await serveFixture({ clientStream: () => envelope({}) });
    const stream = openRawCall(port, "/fixtures.FixtureService/ClientStream").resume();
    expect(await statusOf(stream)).toBe(status.OK);
    expect(stream.closed).toBe(false);
    await closed(stream);
    expect(stream.rstCode).toBe(0);
  });
});

describe("a stream that its caller resets in the same write", () => {
  it.each([
    [
      "A1: to an unknown method",
      { ":path": "/no.Such/Method", "content-type": "application/grpc" },
    ],
    ["A21: with no content type", { ":path": "/fixtures.FixtureService/Unary" }],
    [
      "A1: to a method",
      { ":path": "/fixtures.FixtureService/Unary", "content-type": "application/grpc" },
    ],
  ])("%s: harms nobody", async (_name, headers) => {
    const { port, client } = await serveFixture();
    const stream = openRawCall(port, "/fixtures.FixtureService/Bidi");
    const session = stream.session as ClientHttp2Session;
    await once(session, "connect");
    for (let resets = 0; resets < 20; resets += 1) {
      const doomed = session.request({ ":method": "POST", ...headers });
      doomed.on("error", () => {});
      doomed.close(8);
    }
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    expect(stream.closed).toBe(false);
  });
});

describe("path", () => {
  it("serves on a Unix socket, again after a process that was killed has left it behind", async () => {
    const path = join(makeTempFolder(), "items.sock");
    const dieListening = `require("node:net").createServer().listen(${JSON.stringify(path)}, () =>
      process.kill(process.pid, "SIGKILL"))`;
    await once(spawn(process.execPath, ["-e", dieListening]), "exit");
    expect(existsSync(path)).toBe(true);
    const { server } = await serveFixture({}, { path });
    const client = createFixtureClient(`unix:${path}`);
    onTestFinished(() => client.close());
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    await server.stop();
    expect(existsSync(path)).toBe(false);
  });

  it("is refused where another process listens", async () => {
    const path = join(makeTempFolder(), "items.sock");
    const { server } = await serveFixture({}, { path });
    await expect(serveFixture({}, { path })).rejects.toThrow(
      `cannot listen on ${path}: listen EADDR`,
    );
    await server.stop();
  });
});
