import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createClientFactory } from "@grpc-kit/grpc-client";
import { startTestServer } from "@grpc-kit/grpc-client/testing";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { lateUnless, missUnless } from "../../harness/judge.ts";
import { ms } from "../../harness/tell.ts";
import { msUntil } from "../../harness/wait-until.ts";
import type { Row } from "../../row.ts";

const maxMs = 2_000;

export const thunderingHerd: Row = {
  id: "F7",
  fault: "200 clients lose the same server at once",
  promise:
    "They come back one after the other: no more than a fifth of them within 100 ms, and all within twice the longest delay",
  isQuick: false,
  async run(harness) {
    const clients = 200;
    const first = await startTestServer(FixtureServiceService, {});
    const factories = Array.from({ length: clients }, () => createClientFactory());
    harness.onEnd(async () => {
      await Promise.all(factories.map((factory) => factory.close({ graceMs: 0 })));
    });
    const channels = factories.map((factory, n) =>
      factory.createChannel(first.target, {
        credentials: "insecure",
        // So that each has connections of its own.
        userAgent: `client-${n}`,
        reconnectBackoff: { initialMs: 1_000, maxMs },
      }),
    );
    await Promise.all(channels.map((channel) => channel.waitForReady()));
    await first.stop();
    const lostMs = performance.now();
    // The first attempt of each is at once, and refused.
    const haveLostMs = await msUntil(() =>
      channels.every(({ state }) => state === "TRANSIENT_FAILURE"),
    );
    const times: number[] = [];
    const second = await startTestServer(FixtureServiceService, {});
    harness.onEnd(() => second.stop());
    const door = await openDoor(first.port, second.port, () => times.push(performance.now()));
    harness.onEnd(() => void door.close());
    await Promise.all(channels.map((channel) => channel.waitForReady({ timeoutMs: 30_000 })));
    const backMs = performance.now() - lostMs;
    await delay(100);
    const most = Math.max(
      ...times.map((at) => times.filter((other) => other >= at && other < at + 100).length),
    );
    const share = most / clients;
    return {
      measured: `${times.length} connections of ${clients} clients, at most ${most} within 100 ms, all back after ${ms(backMs)}`,
      misses: [
        ...missUnless(haveLostMs !== undefined, "not all have noticed that the server is gone"),
        ...lateUnless(share <= 0.2, `${most} of ${clients} came within 100 ms`),
        ...lateUnless(backMs <= 2 * maxMs + 1_000, `the last was back after ${ms(backMs)}`),
      ],
    };
  },
};

/** Counts those who come through a port to another. */
async function openDoor(port: number, to: number, onCome: () => void): Promise<Server> {
  const server = createServer((socket: Socket) => {
    onCome();
    const far = connect(to, "127.0.0.1");
    socket.on("error", () => {}).on("close", () => far.destroy());
    far.on("error", () => {}).on("close", () => socket.destroy());
    socket.pipe(far).pipe(socket);
  });
  await once(server.listen(port, "127.0.0.1"), "listening");
  return server;
}
