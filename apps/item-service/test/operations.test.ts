import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { credentials, status } from "@grpc/grpc-js";
import {
  type HealthCheckResponse,
  HealthClient,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { describe, expect, it, onTestFinished } from "vitest";
import { one } from "../src/demo/calls.ts";
import { failureOf, serveItems } from "./serve.ts";

function healthOf(address: string): HealthClient {
  const client = new HealthClient(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}

async function statusOf(client: HealthClient, service: string): Promise<number> {
  const { reply } = await one<HealthCheckResponse>((done) => client.check({ service }, done));
  return reply.status;
}

describe("health", () => {
  it("is SERVING while the database answers, and NOT_SERVING when it does not", async () => {
    const { address, logged } = await serveItems();
    const client = healthOf(address);
    for (const service of ["", "liveness", "readiness", "examples.ItemService"]) {
      await expect.poll(() => statusOf(client, service)).toBe(ServingStatus.SERVING);
    }
    expect(await failureOf(one((done) => client.check({ service: "no.Such" }, done)))).toBe(
      "NOT_FOUND: unknown service",
    );
    expect(logged).toContainEqual(
      expect.objectContaining({ kind: "dependency", name: "database", to: "HEALTHY" }),
    );
  });

  it("G5: tells watchers NOT_SERVING before the server refuses anything", async () => {
    const { address, service, client } = await serveItems();
    const health = healthOf(address);
    await expect.poll(() => statusOf(health, "readiness")).toBe(ServingStatus.SERVING);
    const seen: number[] = [];
    const watch = health.watch({ service: "readiness" });
    watch.on("data", ({ status: seenStatus }: HealthCheckResponse) => seen.push(seenStatus));
    const ended = once(watch, "end");
    await expect.poll(() => seen).toEqual([ServingStatus.SERVING]);
    const stopped = service.stop({ drainDelayMs: 300 });
    await ended;
    expect(seen).toEqual([ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
    const call = one((done) =>
      client.getItem({ id: "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b" }, done),
    );
    expect(await failureOf(call)).toMatch("NOT_FOUND");
    expect(await statusOf(health, "liveness")).toBe(ServingStatus.SERVING);
    await stopped;
  });
});

describe("reflection", () => {
  it("lists the services to buf curl, and leads it to a method", async () => {
    const { address } = await serveItems();
    const buf = async (...args: string[]) => {
      const file = fileURLToPath(new URL("../node_modules/.bin/buf", import.meta.url));
      const plain = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "--reflect"];
      const child = spawn(file, [...plain, ...args]);
      return text(child.stdout);
    };
    const listed = await buf("--list-services", `http://${address}`);
    expect(listed.trim().split("\n").sort()).toEqual([
      "examples.ItemService",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ]);
    const created = await buf(
      "--data",
      JSON.stringify({ name: "Lamp", sku: "lamp-1", quantity: 1 }),
      `http://${address}/examples.ItemService/CreateItem`,
    );
    expect(JSON.parse(created)).toMatchObject({ name: "Lamp" });
  });

  it("E10: is off when it is switched off", async () => {
    const { client } = await serveItems({}, { GRPC_SERVER_REFLECTION_ENABLED: "false" });
    const call = one((done) =>
      client.makeUnaryRequest(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        (bytes: Buffer) => bytes,
        (bytes) => bytes,
        Buffer.alloc(0),
        done,
      ),
    );
    expect(await failureOf(call)).toContain(status[status.UNIMPLEMENTED]);
  });
});

describe("the log", () => {
  it("has the phases of the service", async () => {
    const { service, logged } = await serveItems();
    await service.stop();
    const phases = logged.filter(({ message }) => message === "phase").map(({ phase }) => phase);
    expect(phases).toEqual(["starting", "serving", "leaving", "draining", "closing", "stopped"]);
  });
});
