import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ResourceInfo } from "@grpc-kit/generated-protos/google/rpc/error_details";
import {
  HealthCheckResponse_ServingStatus,
  HealthService,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { createClientFactory } from "@grpc-kit/grpc-client";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./serve.ts";
import { startProcess } from "./start-process.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
async function run(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const child = spawn(file, args, { env: { ...process.env, NO_COLOR: "1", ...env } });
  const exit = once(child, "exit");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await exit;
  return { code, stdout, stderr };
}

/** Asks for readiness on a connection of its own. */
async function checkOnce(address: string): Promise<number | string> {
  const clients = createClientFactory({ retry: false });
  const channel = clients.createChannel(address, { credentials: "insecure" });
  try {
    return (await clients.createStub(HealthService, channel).check({ service: "readiness" }))
      .status;
  } catch (error) {
    return String(error);
  } finally {
    await clients.close();
  }
}

describe("npm start", () => {
  it("says where it listens, answers the demo, and ends on SIGTERM", async () => {
    const { child, address, output } = await startProcess();
    const demo = await run(process.execPath, [path("../dist/demo.js"), address]);
    expect(demo).toMatchObject({ code: 0, stderr: "" });
    const methods = ["CreateItem", "GetItem", "UpdateItem", "DeleteItem"].map((name) => `${name} `);
    for (const shown of [...methods, "ListItems", "BatchCreateItems", "SyncItems"]) {
      expect(demo.stdout).toContain(shown);
    }
    expect(demo.stdout).toMatch(/ALREADY_EXISTS: another item has the sku .* \(reason SKU_TAKEN\)/);
    expect(demo.stdout).toMatch(/ListItems .* ms, 1 attempt\n/);
    expect(demo.stdout).toContain("next-page-token ");
    expect(demo.stdout).not.toContain("where an error was expected");
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(output()).toContain("item-service is stopping");
  });

  it("B16: answers a client of another language, by the protos alone", async () => {
    const { address } = await startProcess();
    const call = (method: string, body: object) =>
      run(path("../node_modules/.bin/buf"), [
        "curl",
        ...["--schema", path("../../../protos"), "--protocol", "grpc", "--http2-prior-knowledge"],
        ...["--data", JSON.stringify(body)],
        `http://${address}/examples.ItemService/${method}`,
      ]);
    const created = await call("CreateItem", { name: "Lamp", sku: "lamp-1", quantity: 1 });
    expect(created).toMatchObject({ code: 0 });
    const item = JSON.parse(created.stdout);
    expect(item).toMatchObject({ name: "Lamp", sku: "lamp-1", quantity: 1, isActive: true });
    const listed = await call("ListItems", {});
    expect(JSON.parse(listed.stdout)).toEqual(item);
    const synced = await call("SyncItems", { deleteId: item.id });
    expect(JSON.parse(synced.stdout)).toEqual({ id: item.id, success: true });
    const missing = await call("GetItem", { id: item.id });
    expect(missing.code).not.toBe(0);
    const { code, details } = JSON.parse(missing.stderr);
    expect(code).toBe("not_found");
    const types = details.map(({ type }: { type: string }) => type);
    expect(types).toEqual(["google.rpc.ErrorInfo", "google.rpc.ResourceInfo"]);
    const resource = ResourceInfo.decode(Buffer.from(details[1].value, "base64"));
    expect(resource).toMatchObject({ resourceType: "item", resourceName: item.id });
  });

  it("serves its metrics on a port of their own, and shows spans and a log line of a call", async () => {
    const { address, output, stderr } = await startProcess({ OTEL_TRACES_EXPORTER: "console" });
    const url = /metrics are at (\S+)/.exec(output())?.[1] ?? "";
    const demo = await run(process.execPath, [path("../dist/demo.js"), address]);
    expect(demo.code).toBe(0);
    const metrics = await (await fetch(url)).text();
    const counted =
      /^grpc_server_handled_total\{.*grpc_method="CreateItem".*grpc_code="OK".*\} (\d+)$/m;
    expect(Number(counted.exec(metrics)?.[1])).toBeGreaterThan(0);
    expect(metrics).toMatch(/^grpc_server_handling_seconds_bucket\{le="0\.005",/m);
    expect((await fetch(new URL("/", url))).status).toBe(404);
    // Node.js warns there as well.
    const logged = stderr()
      .split("\n")
      .filter((each) => each.startsWith("{"));
    const lines = logged.map((each) => JSON.parse(each));
    const line = lines.find((each) => each["grpc.method"] === "CreateItem");
    expect(line).toMatchObject({ message: "finished call", "grpc.code": "OK", msgs_out: 1 });
    expect(line.bytes_in).toBeGreaterThan(10);
    // The batch of spans leaves after some seconds.
    await expect.poll(output, { timeout: 10_000 }).toContain("examples.ItemService/CreateItem");
    expect(output()).toContain(line.trace_id);
  }, 30_000);

  it("shares the port among workers, and replaces them one by one on SIGHUP", async () => {
    const { child, address } = await startProcess({ GRPC_SERVER_MAX_WORKERS: "2" });
    const probe = path("../node_modules/@grpc-kit/grpc-health/dist/probe.js");
    const readiness = () => run(process.execPath, [probe, address, "readiness"]);
    await expect.poll(async () => (await readiness()).code).toBe(0);
    child.kill("SIGHUP");
    const serving = Array.from({ length: 200 }, async (_, index) => {
      await delay(index * 10);
      return checkOnce(address);
    });
    expect(new Set(await Promise.all(serving))).toEqual(
      new Set([HealthCheckResponse_ServingStatus.SERVING]),
    );
    expect(await readiness()).toMatchObject({ code: 0 });
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  }, 60_000);

  it("names every setting that is wrong, and does not start", async () => {
    const wrong = { GRPC_SERVER_PORT: "70000", DATABASE_URL: "mysql://db" };
    const { code, stderr } = await run(process.execPath, [path("../dist/main.js")], wrong);
    expect(code).toBe(1);
    expect(stderr).toContain('GRPC_SERVER_PORT must be an integer from 0 to 65535, got "70000"');
    expect(stderr).toContain('DATABASE_URL must be sqlite:<path>, got "mysql://db"');
  });

  it("says so when the port is taken", async () => {
    const { address } = await startProcess();
    const { code, stderr } = await run(process.execPath, [path("../dist/main.js")], {
      GRPC_SERVER_HOST: "127.0.0.1",
      GRPC_SERVER_PORT: address.split(":")[1] ?? "",
      ADMIN_PORT: "0",
      DATABASE_URL: `sqlite:${join(temporaryFolder(), "items.db")}`,
    });
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot listen on ${address}`);
  });
});

describe("npm run demo", () => {
  it("says how to start a service when there is none", async () => {
    const { code, stderr } = await run(process.execPath, [path("../dist/demo.js"), "127.0.0.1:1"]);
    expect(code).toBe(1);
    expect(stderr).toBe("demo: no service answers at 127.0.0.1:1; start one with: npm start\n");
  });

  it("names every GRPC_CLIENT_ setting that is wrong, and calls nothing", async () => {
    const env = { GRPC_CLIENT_MAX_RETRIES: "9", GRPC_CLIENT_TIMEOUT: "1" };
    const { code, stdout, stderr } = await run(process.execPath, [path("../dist/demo.js")], env);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain('GRPC_CLIENT_MAX_RETRIES must be an integer from 0 to 4, got "9"');
    expect(stderr).toContain("GRPC_CLIENT_TIMEOUT is unknown");
  });
});
