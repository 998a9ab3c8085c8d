/**
 * `node src/growth/worker-server.ts "<n> workers"`: serves the fixture service in so many processes. A unary
 * call whose request has a `count` hashes as many MiB, as a handler does that has something to work out.
 */
import cluster from "node:cluster";
import { createHash } from "node:crypto";
import { createGrpcServer, runUntilSignal } from "@grpc-kit/grpc-server";
import { runWorkers } from "@grpc-kit/grpc-server/workers";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { asyncHandlers } from "../servers/async-handlers.ts";
import { freePort } from "./free-port.ts";

const maxWorkers = Number.parseInt(process.argv[2] ?? "", 10);
const mebibyte = Buffer.alloc(2 ** 20);
let ready = 0;

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Asks all workers what they have used, and adds it up. */
async function totalCpu(): Promise<number> {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  const answers = workers.map((worker) => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const onMessage = (message: unknown): void => {
      if (typeof message === "number") {
        worker.off("message", onMessage);
        resolve(message);
      }
    };
    worker.on("message", onMessage);
    worker.send("cpu");
    return promise;
  });
  return (await Promise.all(answers)).reduce((sum, cpu) => sum + cpu, cpuMicroseconds());
}

if (cluster.isPrimary) {
  process.env.BENCH_PORT = String(await freePort());
  process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.on("message", () => {
    void totalCpu().then((cpu) =>
      process.send?.({ cpuMicroseconds: cpu, rssBytes: 0, heapBytes: 0 }),
    );
  });
} else {
  process.on("message", (message) => {
    if (message === "cpu") {
      process.send?.(cpuMicroseconds());
    }
  });
}

await runWorkers(
  async ({ ready: tellReady }) => {
    const server = createGrpcServer({
      host: "127.0.0.1",
      port: Number(process.env.BENCH_PORT),
      insecure: true,
    });
    server.addService(FixtureServiceService, {
      ...asyncHandlers,
      async unary(request) {
        for (let left = request.count; left > 0n; left -= 1n) {
          createHash("sha256").update(mebibyte).digest();
        }
        return request;
      },
    });
    await runUntilSignal(server, { onStarted: tellReady });
  },
  {
    maxWorkers,
    explicitReady: true,
    onEvent({ type }) {
      ready += type === "worker_ready" ? 1 : 0;
      if (type === "worker_ready" && ready === maxWorkers) {
        process.send?.({ port: Number(process.env.BENCH_PORT) });
      }
    },
  },
);
