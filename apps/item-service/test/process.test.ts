import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { ResourceInfo } from "@grpc-kit/generated-protos/google/rpc/error_details";
import {
  HealthCheckResponse_ServingStatus,
  HealthService,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { createClientFactory } from "@grpc-kit/grpc-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { createCertificates, hasOpenssl } from "./certificates.ts";
import { runProgram } from "./run-program.ts";
import { failureOf, listAll, stubOf, temporaryFolder } from "./serve.ts";
import { startProcess } from "./start-process.ts";
import { tokenFor } from "./tokens.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const main = path("../dist/main.js");
const demo = path("../dist/demo.js");

const runMain = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  runProgram(process.execPath, [main, ...args], env);
const runDemo = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  runProgram(process.execPath, [demo, ...args], env);

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
    const { child, address, dataFolder, output } = await startProcess();
    const shown = await runDemo([address], { DATA_DIR: dataFolder });
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    const methods = ["CreateItem", "GetItem", "UpdateItem", "DeleteItem"].map((name) => `${name} `);
    for (const name of [...methods, "ListItems", "BatchCreateItems", "SyncItems"]) {
      expect(shown.stdout).toContain(name);
    }
    expect(shown.stdout).toMatch(
      /ALREADY_EXISTS: another item has the sku .* \(reason SKU_TAKEN\)/,
    );
    expect(shown.stdout).toMatch(/ListItems .* ms, 1 attempt\n/);
    expect(shown.stdout).toContain("next-page-token ");
    expect(shown.stdout).not.toContain("where an error was expected");
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(output()).toContain("item-service is stopping");
  });

  it("B16: answers a client of another language, by the protos alone", async () => {
    const { address, token } = await startProcess();
    const call = (method: string, body: object) =>
      runProgram(path("../node_modules/.bin/buf"), [
        "curl",
        ...["-H", `authorization: Bearer ${token}`],
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
    const { address, dataFolder, output, stderr } = await startProcess({
      OTEL_TRACES_EXPORTER: "console",
    });
    const url = /metrics are at (\S+)/.exec(output())?.[1] ?? "";
    const shown = await runDemo([address], { DATA_DIR: dataFolder });
    expect(shown.code).toBe(0);
    const metrics = await (await fetch(url)).text();
    const counted =
      /^grpc_server_handled_total\{.*grpc_method="CreateItem".*grpc_code="OK".*\} (\d+)$/m;
    expect(Number(counted.exec(metrics)?.[1])).toBeGreaterThan(0);
    expect(metrics).toMatch(/^grpc_server_handling_seconds_bucket\{le="0\.005",/m);
    expect((await fetch(new URL("/readyz", url))).status).toBe(200);
    const status = await (await fetch(new URL("/status.json", url))).json();
    expect(status).toMatchObject({ title: "item-service", isReady: true });
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
    const { child, address, output, stderr, token } = await startProcess({
      GRPC_SERVER_MAX_WORKERS: "2",
    });
    const servingPids = () =>
      stderr()
        .split("\n")
        .filter((line) => line.includes('"phase":"serving"'))
        .map((line) => Number(JSON.parse(line).pid));
    await expect.poll(() => new Set(servingPids()).size).toBe(2);
    expect(servingPids()).not.toContain(child.pid);
    // Both have the keys that one of them has made. Connections go to them in turn.
    const callOnce = async () => {
      const items = stubOf(ItemServiceService, address, { token });
      return failureOf(items.getItem({ id: randomUUID() }));
    };
    const answers = await Promise.all(Array.from({ length: 6 }, callOnce));
    expect(answers.map((answer) => answer.split(":")[0])).toEqual(Array(6).fill("NOT_FOUND"));
    const readiness = () => runMain(["probe", address, "readiness"]);
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
    for (const line of ["listens on", "live page is at", "is stopping"]) {
      expect(output().split(line)).toHaveLength(2);
    }
  }, 60_000);

  it("names every setting that is wrong, and does not start", async () => {
    const wrong = { GRPC_SERVER_PORT: "70000", DATABASE_URL: "mysql://db" };
    const { code, stderr } = await runMain([], wrong);
    expect(code).toBe(1);
    expect(stderr).toContain('GRPC_SERVER_PORT must be an integer from 0 to 65535, got "70000"');
    expect(stderr).toContain(
      'DATABASE_URL must be sqlite:<path> or postgres://<address>, got "mysql://db"',
    );
  });

  it("says so when the port is taken", async () => {
    const { address } = await startProcess();
    const { code, stderr } = await runMain([], {
      GRPC_SERVER_HOST: "127.0.0.1",
      GRPC_SERVER_PORT: address.split(":")[1] ?? "",
      ADMIN_PORT: "0",
      DATA_DIR: temporaryFolder(),
    });
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot listen on ${address}`);
    expect(stderr).toContain("set GRPC_SERVER_PORT or ADMIN_PORT to a free port");
  });
});

describe("npm run demo", () => {
  it("shows its progress through many items, and leaves none behind", async () => {
    const { address, dataFolder, token } = await startProcess();
    const args = [address, "--items", "100"];
    const { code, stdout } = await runDemo(args, { DATA_DIR: dataFolder });
    expect(code).toBe(0);
    for (const done of ["BatchCreateItems: sent", "SyncItems: changed", "SyncItems: deleted"]) {
      expect(stdout).toContain(`  ${done} 100 of 100 items (100 %), `);
    }
    expect(await listAll(stubOf(ItemServiceService, address, { token }))).toEqual([]);
  });

  it("deletes what it has created when it is interrupted", async () => {
    const { address, dataFolder, token } = await startProcess();
    const env = { ...process.env, DATA_DIR: dataFolder };
    const child = spawn(process.execPath, [demo, address, "--items", "50000"], { env });
    onTestFinished(() => void child.kill("SIGKILL"));
    const exit = once(child, "exit");
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
      });
    }
    await expect.poll(() => output, { timeout: 15_000 }).toContain("BatchCreateItems: sent");
    child.kill("SIGINT");
    expect(await exit).toEqual([1, null]);
    expect(output).toContain("demo: interrupted; what it had created is deleted");
    expect(await listAll(stubOf(ItemServiceService, address, { token }))).toEqual([]);
  }, 60_000);

  it.skipIf(!hasOpenssl)("goes over TLS, which the service has by files", async () => {
    const file = createCertificates();
    const { address, dataFolder, output } = await startProcess({
      GRPC_SERVER_TLS_CERT_FILE: file("server.pem"),
      GRPC_SERVER_TLS_KEY_FILE: file("server.key"),
    });
    expect(output()).not.toContain("without encryption");
    const target = address.replace("127.0.0.1", "localhost");
    const env = { DATA_DIR: dataFolder };
    expect(await runDemo([target, "--ca", file("ca.pem")], env)).toMatchObject({ code: 0 });
    expect(await runDemo([target], env)).toMatchObject({ code: 1 });
    const probe = ["probe", target, "readiness", "--tls", "--ca", file("ca.pem")];
    expect(await runMain(probe)).toMatchObject({ code: 0 });
  });

  it("takes the token that it is given, and says what to do when it is the wrong one", async () => {
    const { address, dataFolder } = await startProcess();
    const wrong = await runDemo([address], { DATA_DIR: temporaryFolder() });
    expect([wrong.code, wrong.stdout]).toEqual([1, `item-service at ${address}\n\n`]);
    expect(wrong.stderr).toContain("The service takes other tokens: run this with its DATA_DIR");
    const weak = await tokenFor(dataFolder, "items:read");
    const denied = await runDemo([address], { TOKEN: weak });
    expect(denied.stderr).toContain("The token needs the scopes items:read and items:write.");
    const file = join(temporaryFolder(), "token");
    writeFileSync(file, `${await tokenFor(dataFolder)}\n`);
    expect(await runDemo([address, "--token-file", file])).toMatchObject({ code: 0, stderr: "" });
  });

  it("says how to start a service when there is none", async () => {
    const { code, stderr } = await runDemo(["127.0.0.1:1"], { DATA_DIR: temporaryFolder() });
    expect(code).toBe(1);
    expect(stderr).toBe("demo: no service answers at 127.0.0.1:1; start one with: npm start\n");
  });

  it("names every GRPC_CLIENT_ setting that is wrong, and calls nothing", async () => {
    const env = { GRPC_CLIENT_MAX_RETRIES: "9", GRPC_CLIENT_TIMEOUT: "1" };
    const { code, stdout, stderr } = await runDemo([], { DATA_DIR: temporaryFolder(), ...env });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain('GRPC_CLIENT_MAX_RETRIES must be an integer from 0 to 4, got "9"');
    expect(stderr).toContain("GRPC_CLIENT_TIMEOUT is unknown");
  });
});
