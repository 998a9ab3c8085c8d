import { Server, ServerCredentials, type ServerWritableStream, status } from "@grpc/grpc-js";
import {
  type HealthCheckRequest,
  HealthCheckResponse,
  HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openChannel } from "../../test/channel-call.ts";
import { startServer } from "../../test/channel-server.ts";
import { startRawServer } from "../../test/raw-server.ts";
import { waitForHealthy } from "./wait-for-healthy.ts";

type Watch = ServerWritableStream<HealthCheckRequest, HealthCheckResponse>;

const patience = { timeout: 15_000 };
const quick = { reconnectBackoff: { initialMs: 20, maxMs: 100 } };

/** A server with the service of health; `onWatch` is told of each call. */
async function startHealth(onWatch: (call: Watch) => void, port = 0): Promise<number> {
  const server = new Server();
  server.register(
    HealthService.watch.path,
    onWatch as never,
    HealthService.watch.responseSerialize,
    HealthService.watch.requestDeserialize,
    "serverStream",
  );
  onTestFinished(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
}

function say(call: Watch, answer: ServingStatus): void {
  call.write(HealthCheckResponse.create({ status: answer }));
}

describe("waitForHealthy", () => {
  it("waits for SERVING, and ends its call", async () => {
    const calls: Watch[] = [];
    let isOver = false;
    const port = await startHealth((call) => {
      calls.push(call);
      call.on("cancelled", () => {
        isOver = true;
      });
      say(call, ServingStatus.SERVICE_UNKNOWN);
      say(call, ServingStatus.NOT_SERVING);
    });
    const channel = openChannel(`127.0.0.1:${port}`);
    let isHealthy = false;
    const healthy = waitForHealthy(channel, { service: "a.Service" }).then(() => {
      isHealthy = true;
    });
    await vi.waitFor(() => expect(calls).toHaveLength(1), patience);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([isHealthy, calls[0]?.request.service]).toEqual([false, "a.Service"]);
    say(calls[0] as Watch, ServingStatus.SERVING);
    await healthy;
    await vi.waitFor(() => expect(isOver).toBe(true), patience);
    expect(channel.openCalls).toBe(0);
  });

  it("takes a server without the service for healthy", async () => {
    const server = await startServer();
    await waitForHealthy(openChannel(server.target));
  });

  it("waits for a server that is not there yet, or goes away meanwhile", async () => {
    const peer = await startRawServer();
    peer.stop();
    const healthy = waitForHealthy(openChannel(peer.target, quick));
    let watches = 0;
    await startHealth((call) => {
      watches += 1;
      if (watches === 1) {
        say(call, ServingStatus.NOT_SERVING);
        call.emit("error", { code: status.UNAVAILABLE, details: "going" });
      } else {
        say(call, ServingStatus.SERVING);
      }
    }, peer.port);
    await healthy;
    expect(watches).toBe(2);
  });

  it("says what it has heard last when the time is over", async () => {
    const port = await startHealth((call) => say(call, ServingStatus.NOT_SERVING));
    const channel = openChannel(`127.0.0.1:${port}`);
    await channel.waitForReady();
    const healthy = waitForHealthy(channel, { service: "a.B", timeoutMs: 300 });
    await expect(healthy).rejects.toMatchObject({
      name: "GrpcCallError",
      code: status.UNAVAILABLE,
      details: `a.B at 127.0.0.1:${port} has not been SERVING within 300 ms; last: NOT_SERVING`,
    });
    const peer = await startRawServer();
    await expect(waitForHealthy(openChannel(peer.target), { timeoutMs: 100 })).rejects.toThrow(
      `${peer.target} has not been SERVING within 100 ms; last: no answer`,
    );
  });

  it("says how the last call failed when the time is over", async () => {
    const port = await startHealth((call) => {
      call.emit("error", { code: status.PERMISSION_DENIED, details: "not for you" });
    });
    await expect(
      waitForHealthy(openChannel(`127.0.0.1:${port}`), { timeoutMs: 1_000 }),
    ).rejects.toThrow("last: PERMISSION_DENIED: not for you");
  });

  it.each([
    ["a status", [ServingStatus.SERVICE_UNKNOWN, ServingStatus.NOT_SERVING], "NOT_SERVING"],
    ["a number that it does not know", [99 as ServingStatus], "99"],
    ["nothing", [], "no answer"],
  ])("keeps %s of watches that the server ends with OK", async (_what, answers, last) => {
    let watches = 0;
    const port = await startHealth((call) => {
      watches += 1;
      // Those after it say nothing.
      for (const answer of watches === 1 ? answers : []) {
        say(call, answer);
      }
      call.end();
    });
    const channel = openChannel(`127.0.0.1:${port}`);
    await channel.waitForReady();
    // It does not flood the server, and ends in time.
    await expect(waitForHealthy(channel, { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: `127.0.0.1:${port} has not been SERVING within 1000 ms; last: ${last}`,
    });
    expect(watches).toBeGreaterThan(1);
    expect(watches).toBeLessThanOrEqual(5);
    expect(channel.openCalls).toBe(0);
  });

  it("names how the last watch failed, not what the one before it had said", async () => {
    let watches = 0;
    const port = await startHealth((call) => {
      watches += 1;
      if (watches === 1) {
        say(call, ServingStatus.NOT_SERVING);
        call.end();
      } else {
        call.emit("error", { code: status.INTERNAL, details: "no database" });
      }
    });
    const channel = openChannel(`127.0.0.1:${port}`);
    await channel.waitForReady();
    const healthy = waitForHealthy(channel, { timeoutMs: 1_000 });
    await expect(healthy).rejects.toThrow("last: INTERNAL: no database");
    expect(watches).toBeGreaterThan(1);
  });

  it("stops when its signal aborts, or the channel is closed", async () => {
    const port = await startHealth((call) => say(call, ServingStatus.NOT_SERVING));
    const channel = openChannel(`127.0.0.1:${port}`);
    const cancelled = { code: status.CANCELLED, cause: "enough" };
    await expect(
      waitForHealthy(channel, { signal: AbortSignal.abort("enough") }),
    ).rejects.toMatchObject(cancelled);
    expect(channel.connections).toBe(0);
    const controller = new AbortController();
    const healthy = waitForHealthy(channel, { signal: controller.signal });
    await vi.waitFor(() => expect(channel.openCalls).toBe(1), patience);
    controller.abort("enough");
    await expect(healthy).rejects.toMatchObject(cancelled);
    const unhealthy = waitForHealthy(channel);
    const rejection = expect(unhealthy).rejects.toThrow(
      `the channel to 127.0.0.1:${port} is closed`,
    );
    await channel.close({ graceMs: 0 });
    await rejection;
  });

  it("has no time below 1", async () => {
    await expect(waitForHealthy(openChannel("a:1"), { timeoutMs: 0 })).rejects.toThrow(
      "timeoutMs must be a number above 0, got 0",
    );
  });
});
