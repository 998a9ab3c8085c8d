import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { expect, it, onTestFinished } from "vitest";
import { failureOf, newItem, stubOf, temporaryFolder } from "./serve.ts";
import { sources, startProcess } from "./start-process.ts";

// Not a hexadecimal digit in it, so that no id has it by chance.
const secret = "PLANTED-S3CR3T";

it("D14: no password of the database gets into the output, nor what comes after the ?", async () => {
  const child = spawn(process.execPath, sources, {
    env: {
      ...process.env,
      DATABASE_URL: `postgres://me:${secret}@127.0.0.1:1/items?options=${secret}`,
      DATA_DIR: temporaryFolder(),
      GRPC_SERVER_PORT: "0",
      ADMIN_PORT: "0",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  // It goes on trying to connect.
  await expect.poll(() => output, { timeout: 15_000 }).toContain("ECONNREFUSED");
  expect(output).toContain('"url":"postgres://…@127.0.0.1:1/items?…"');
  expect(output).not.toContain(secret);
});

it("D14: no token and no header for the collector gets into output and metrics, whatever fails", async () => {
  const service = await startProcess(
    {
      LOG_LEVEL: "debug",
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${secret}`,
      OTEL_BSP_SCHEDULE_DELAY: "100",
      // The log of grpc-js itself, on stderr.
      GRPC_VERBOSITY: "DEBUG",
      GRPC_TRACE: "all",
    },
    sources,
  );
  const { address, token, output, stderr } = service;
  const [head, payload, signature] = token.split(".");
  const tokens = [token, `${head}.${payload}.${secret}`, secret, `${secret} ${signature}`];
  const client = stubOf(ItemServiceService, address, { retry: false });
  const failures: string[] = [];
  for (const each of tokens) {
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${each}`);
    failures.push(await failureOf(client.createItem(newItem("lamp-1"), { metadata })));
  }
  expect(failures.map((failure) => failure.split(":")[0])).toEqual([
    "OK",
    ...Array(3).fill("UNAUTHENTICATED"),
  ]);
  await sendRawToken(address, `${secret}\u00ff`);
  await expect.poll(stderr, { timeout: 10_000 }).toContain('"grpc.code":"UNAUTHENTICATED"');

  const admin = /metrics are at (\S+)/.exec(output())?.[1] ?? "";
  const pages = ["/metrics", "/status.json", "/"].map((path) => new URL(path, admin));
  const texts = await Promise.all(pages.map(async (url) => (await fetch(url)).text()));
  const exit = once(service.child, "exit");
  service.child.kill("SIGTERM");
  await exit;
  const everything = [output(), stderr(), ...failures, ...texts].join("\n");
  // Both have been used.
  expect(everything).toContain('"OTEL_EXPORTER_OTLP_HEADERS":"…"');
  expect(everything).toContain("grpc_server_handled_total");
  for (const hidden of [secret, payload, signature]) {
    expect(everything).not.toContain(hidden);
  }
}, 60_000);

/** grpc-js sends no such byte, but others can. */
async function sendRawToken(address: string, token: string): Promise<void> {
  const session = connect(`http://${address}`);
  onTestFinished(() => session.destroy());
  const request = session.request({
    ":method": "POST",
    ":path": "/examples.ItemService/GetItem",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${token}`,
  });
  request.on("error", () => {}).end();
  await once(request.resume(), "close");
}
