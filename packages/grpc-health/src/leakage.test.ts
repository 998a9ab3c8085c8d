import { once } from "node:events";
import { connect, createServer } from "node:net";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { HealthReportServiceClient } from "@grpc-kit/generated-protos/common/health";
import { expect, it, onTestFinished } from "vitest";
import { checkError, createClient, list, serveHealth, watch } from "../test/serve-health.ts";

const planted = ["planted-postgres-7f3a", "planted password 91c2", "PlantedError55"];

class PlantedError55 extends Error {
  override readonly name = "PlantedError55";
}

it("E11: names no dependency and no error on grpc.health.v1", async () => {
  const { health, address } = await serveHealth({
    dependencyChecks: {
      [planted[0] ?? ""]: () => {
        throw new PlantedError55(planted[1]);
      },
    },
    services: { Orders: [planted[0] ?? ""] },
  });
  const proxy = await recordingProxy(address);
  const client = createClient(proxy.address);
  onTestFinished(() => client.close());
  const watched = watch(client, "Orders");
  await health.start();
  const listed = await list(client);
  expect(Object.keys(listed).sort()).toEqual(["", "Orders", "liveness", "readiness", "startup"]);
  const failures = [await checkError(client, "nobody"), await checkError(client, "x".repeat(300))];
  await expect.poll(() => watched.events).toContain("NOT_SERVING");
  health.shutdown();
  const ended = await watched.status;

  // Header fields are compressed, so what they say is asked for as it arrives.
  const decoded = failures.map((error) => texts(error)).join() + ended.details;
  const wire = proxy.received();
  expect(wire).toContain("readiness");
  for (const secret of planted) {
    expect(wire).not.toContain(secret);
    expect(decoded).not.toContain(secret);
  }
});

it("names dependencies, and no errors, in the report", async () => {
  const { health, server, address } = await serveHealth({
    dependencyChecks: {
      queue: { check: () => Promise.reject(new PlantedError55(planted[1])), critical: false },
      database: () => {},
    },
  });
  health.addReportTo(server);
  const proxy = await recordingProxy(address);
  const client = new HealthReportServiceClient(proxy.address, credentials.createInsecure());
  onTestFinished(() => client.close());
  const report = () =>
    new Promise((resolve, reject) => {
      client.getHealthReport({}, (error, response) => (error ? reject(error) : resolve(response)));
    });
  expect(await report()).toEqual({
    status: 0,
    dependencies: [
      { name: "database", status: 0, criticality: 2, checkedAt: undefined, latency: undefined },
      { name: "queue", status: 0, criticality: 1, checkedAt: undefined, latency: undefined },
    ],
  });
  const from = BigInt(Math.floor(Date.now() / 1_000));
  await health.start();
  const checked = {
    checkedAt: { seconds: expect.any(BigInt), nanos: expect.any(Number) },
    latency: { seconds: 0n, nanos: expect.any(Number) },
  };
  const after = await report();
  expect(after).toEqual({
    status: 1,
    dependencies: [
      { name: "database", status: 1, criticality: 2, ...checked },
      { name: "queue", status: 2, criticality: 1, ...checked },
    ],
  });
  const { dependencies } = after as { dependencies: { checkedAt: { seconds: bigint } }[] };
  const seconds = dependencies[0]?.checkedAt.seconds ?? 0n;
  expect(seconds - from).toBeGreaterThanOrEqual(0n);
  expect(seconds - from).toBeLessThan(60n);
  expect(proxy.received()).not.toContain(planted[1]);
  expect(proxy.received()).not.toContain(planted[2]);
});

interface RecordingProxy {
  readonly address: string;
  /** What the server has sent, byte for byte. */
  received(): string;
}

async function recordingProxy(address: string): Promise<RecordingProxy> {
  const [host, port] = address.split(":");
  const chunks: Buffer[] = [];
  const proxy = createServer((down) => {
    const up = connect(Number(port), host);
    up.on("data", (chunk: Buffer) => chunks.push(chunk));
    up.on("error", () => down.destroy());
    down.on("error", () => up.destroy());
    up.pipe(down).pipe(up);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => void proxy.close());
  const bound = proxy.address();
  const own = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    address: `127.0.0.1:${own}`,
    received: () => Buffer.concat(chunks).toString("latin1"),
  };
}

function texts(error: ServiceError | null): string {
  const trailers = error?.metadata;
  const keys = Object.keys(trailers?.getMap() ?? {});
  const values = keys.flatMap((key) => trailers?.get(key) ?? []);
  return [error?.details, ...values.map((value) => String(value))].join();
}
