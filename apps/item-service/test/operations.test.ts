import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import {
  HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { ServerReflectionService } from "@grpc-kit/generated-protos/grpc/reflection/v1";
import type { Stub } from "@grpc-kit/grpc-client";
import { describe, expect, it } from "vitest";
import { all } from "../src/demo/all.ts";
import { failureOf, serveItems, stubOf } from "./serve.ts";

async function statusOf(health: Stub<HealthService>, service: string): Promise<number> {
  return (await health.check({ service })).status;
}

describe("health", () => {
  it("is SERVING while the database answers, and NOT_SERVING when it does not", async () => {
    const { address, logged } = await serveItems();
    const health = stubOf(HealthService, address);
    for (const service of ["", "liveness", "readiness", "examples.ItemService"]) {
      await expect.poll(() => statusOf(health, service)).toBe(ServingStatus.SERVING);
    }
    expect(await failureOf(health.check({ service: "no.Such" }))).toBe(
      "NOT_FOUND: unknown service",
    );
    expect(logged).toContainEqual(
      expect.objectContaining({ kind: "dependency", name: "database", to: "HEALTHY" }),
    );
  });

  it("G5: tells watchers NOT_SERVING before the server refuses anything", async () => {
    const { address, service, client } = await serveItems();
    const health = stubOf(HealthService, address);
    await expect.poll(() => statusOf(health, "readiness")).toBe(ServingStatus.SERVING);
    const seen: number[] = [];
    const watch = async () => {
      for await (const { status: seenStatus } of health.watch({ service: "readiness" })) {
        seen.push(seenStatus);
      }
    };
    const ended = watch();
    await expect.poll(() => seen).toEqual([ServingStatus.SERVING]);
    const stopped = service.stop({ drainDelayMs: 300 });
    await ended;
    expect(seen).toEqual([ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
    const call = client.getItem({ id: "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b" });
    expect(await failureOf(call)).toMatch("NOT_FOUND");
    expect(await statusOf(health, "liveness")).toBe(ServingStatus.SERVING);
    await stopped;
  });
});

describe("reflection", () => {
  it("lists the services to buf curl, and leads it to a method", async () => {
    const { address, token } = await serveItems();
    const buf = async (...args: string[]) => {
      const file = fileURLToPath(new URL("../node_modules/.bin/buf", import.meta.url));
      const plain = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "--reflect"];
      const header = `authorization: Bearer ${token}`;
      const child = spawn(file, [...plain, "-H", header, "--reflect-header", header, ...args]);
      return text(child.stdout);
    };
    const listed = await buf("--list-services", `http://${address}`);
    expect(listed.trim().split("\n").sort()).toEqual([
      "common.HealthReportService",
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
    const { address, token } = await serveItems({}, { GRPC_SERVER_REFLECTION_ENABLED: "false" });
    const reflection = stubOf(ServerReflectionService, address, { token });
    expect(await failureOf(all(reflection.serverReflectionInfo([])))).toContain(
      status[status.UNIMPLEMENTED],
    );
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
