import { HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import { createClientFactory, type GrpcChannel, waitForHealthy } from "@grpc-kit/grpc-client";
import { createHealthService, type Health } from "@grpc-kit/grpc-health";
import { createGrpcServer } from "@grpc-kit/grpc-server";
import { describe, expect, it, onTestFinished } from "vitest";
import { failureOf, serveItems } from "../serve.ts";

function channelTo(target: string): GrpcChannel {
  const clients = createClientFactory();
  onTestFinished(() => clients.close());
  return clients.createChannel(target, { credentials: "insecure" });
}

async function serveHealth(health: Health): Promise<GrpcChannel> {
  const server = createGrpcServer({ host: "127.0.0.1", port: 0, insecure: true });
  server.addService(HealthService, health.handlers);
  const { target } = await server.start();
  onTestFinished(() => server.stop({ graceMs: 0 }));
  return channelTo(target);
}

describe("waitForHealthy with grpc-health", () => {
  it("waits until the first checks have ended", async () => {
    const answer = Promise.withResolvers<void>();
    const health = createHealthService({ dependencyChecks: { database: () => answer.promise } });
    onTestFinished(() => health.stop());
    const channel = await serveHealth(health);
    let isHealthy = false;
    const waiting = waitForHealthy(channel).then(() => {
      isHealthy = true;
    });
    await expect.poll(() => health.watcherCount).toBe(1);
    const started = health.start();
    expect(isHealthy).toBe(false);
    answer.resolve();
    await Promise.all([started, waiting]);
    await expect.poll(() => health.watcherCount).toBe(0);
  });

  it("waits for the service that it is asked for", async () => {
    const health = createHealthService();
    onTestFinished(() => health.stop());
    await health.start();
    const channel = await serveHealth(health);
    await waitForHealthy(channel);
    const service = "examples.ItemService";
    let isHealthy = false;
    const waiting = waitForHealthy(channel, { service }).then(() => {
      isHealthy = true;
    });
    await expect.poll(() => health.watcherCount).toBe(1);
    health.setStatus(service, "NOT_SERVING");
    // An answer that comes by the same connection, and after the other one.
    await waitForHealthy(channel);
    expect(isHealthy).toBe(false);
    health.setStatus(service, "SERVING");
    await waiting;
  });

  it("says what it was told when there is no more time", async () => {
    const health = createHealthService();
    onTestFinished(() => health.stop());
    await health.start();
    const channel = await serveHealth(health);
    health.setStatus("", "NOT_SERVING");
    expect(await failureOf(waitForHealthy(channel, { timeoutMs: 1_000 }))).toBe(
      `UNAVAILABLE: ${channel.target} has not been SERVING within 1000 ms; last: NOT_SERVING`,
    );
  });

  it("finds item-service ready, by each of its names", async () => {
    const { address } = await serveItems();
    for (const service of ["", "readiness", "examples.ItemService"]) {
      await waitForHealthy(channelTo(address), { service });
    }
  });
});
