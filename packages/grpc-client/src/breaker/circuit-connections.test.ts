import { createServer } from "node:http2";
import { status } from "@grpc/grpc-js";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { expect, it, onTestFinished, vi } from "vitest";
import { outcomeOf } from "../../test/fixture-stub.ts";
import { openStub } from "../../test/open-stub.ts";
import { startRawServer } from "../../test/raw-server.ts";
import { serveStreams } from "../../test/serve-streams.ts";

const request = Envelope.create();
const { OK, UNAVAILABLE } = status;

it.each([0, 50])(
  "a channel that is closed says nothing of its servers: in %d ms",
  async (graceMs) => {
    let isAnswering = false;
    const { target, streams } = await serveStreams((stream) => {
      if (isAnswering) {
        stream.send({});
        stream.end();
      }
    });
    const changes: string[] = [];
    const { stub, channel, factory } = openStub(target, {
      // One call, or many that fail together, would open it.
      circuitBreaker: { threshold: 1 },
      observer: { onCircuitChange: ({ to }) => changes.push(to) },
    });
    // It has the same circuits.
    const otherChannel = factory.createChannel(target, { credentials: "insecure" });
    const other = factory.createStub(FixtureServiceService, otherChannel);
    const running = Array.from({ length: 8 }, (_, index) => {
      const requests = index % 2 === 0 ? [request] : [];
      return [stub.unary(request), stub.clientStream(requests), stub.serverStream(request)];
    }).flat();
    const ended = Promise.all(running.map(outcomeOf));
    await expect.poll(() => streams.length).toBe(running.length);
    await channel.close({ graceMs });
    expect((await ended).map(({ code }) => code)).toEqual(running.map(() => UNAVAILABLE));
    // Nor do calls that are made afterwards.
    for (let call = 0; call < 5; call += 1) {
      await expect(stub.unary(request)).rejects.toThrow("UNAVAILABLE: the channel to ");
    }
    expect(changes).toEqual([]);
    expect(new Set(factory.circuits().map(({ state }) => state))).toEqual(new Set(["CLOSED"]));

    isAnswering = true;
    expect((await outcomeOf(other.unary(request))).code).toBe(OK);
  },
);

it("a lost connection is one failure, however many calls it had", async () => {
  // The clock of circuits stands still: how busy the machine is makes no two of one.
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const server = createServer();
  let calls = 0;
  server.on("stream", (stream) => {
    calls += 1;
    stream.on("error", () => {});
  });
  const { target, sockets } = await startRawServer((socket) => {
    server.emit("connection", socket);
  });
  const changes: string[] = [];
  const { stub } = openStub(target, {
    retry: false,
    channel: { reconnectBackoff: { initialMs: 20, maxMs: 100 } },
    circuitBreaker: { threshold: 2 },
    observer: { onCircuitChange: ({ to }) => changes.push(to) },
  });
  const call = () => outcomeOf(stub.unary(request, { waitForReady: true }));
  const loseConnection = async (): Promise<void> => {
    calls = 0;
    const ended = Promise.all(Array.from({ length: 20 }, call));
    await expect.poll(() => calls).toBe(20);
    for (const socket of sockets) {
      socket.destroy();
    }
    expect(new Set((await ended).map(({ code }) => code))).toEqual(new Set([UNAVAILABLE]));
  };
  await loseConnection();
  expect(changes).toEqual([]);
  await loseConnection();
  expect(changes).toEqual(["OPEN"]);
});
