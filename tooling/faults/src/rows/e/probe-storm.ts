import { setTimeout as delay } from "node:timers/promises";
import { credentials, Metadata, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { HealthClient } from "@grpc-kit/generated-protos/grpc/health/v1";
import { createHealthService } from "@grpc-kit/grpc-health";
import { clientOptions } from "../../harness/calls.ts";
import type { Harness } from "../../harness/harness.ts";
import { lateUnless, missUnless } from "../../harness/judge.ts";
import { tally, wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";

const watchersPerClient = 100;
const clientCount = 10;

export const probeStorm: Row = {
  id: "E12",
  fault: "1,000 watchers of health, and 500 checks a second",
  promise:
    "each dependency is checked once an interval, whoever asks; watchers cost at most 5 % of a core while nothing changes",
  isQuick: false,
  async run(harness) {
    const service = await harness.service({ own: true });
    await watch(harness, service.address);
    const clients = connectTo(harness, service.address);
    const quietSeconds = 3;
    const idle = await cpuShare(service.probe, () => delay(quietSeconds * 1_000));
    const seconds = harness.isQuick ? 2 : 10;
    const names: string[] = [];
    const busy = await cpuShare(service.probe, async () =>
      names.push(...(await storm(clients, seconds))),
    );
    const counts = await countChecks(harness, seconds);
    return {
      measured: `${clientCount * watchersPerClient} watchers: ${percent(idle)} of a core; with ${tally(names)} in ${seconds} s ${percent(busy)}; ${counts.runs} checks of a dependency in ${counts.intervals.toFixed(1)} intervals`,
      misses: [
        ...wrongAmong("calls", names, ["OK"]),
        ...lateUnless(idle <= 0.05, `watchers cost ${percent(idle)} of a core`),
        ...missUnless(
          counts.watchers === clientCount * watchersPerClient,
          `${counts.watchers} watchers only`,
        ),
        // The first comes at once, and an interval is 10 % shorter at the least.
        ...missUnless(
          counts.runs <= 1 + counts.intervals / 0.9,
          `${counts.runs} checks in ${counts.intervals.toFixed(1)} intervals`,
        ),
      ],
    };
  },
};

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** How much of a core the process takes meanwhile. */
async function cpuShare(
  probe: () => Promise<{ readonly cpuMicroseconds: number }>,
  work: () => Promise<unknown>,
): Promise<number> {
  const before = await probe();
  const startMs = performance.now();
  await work();
  const tookMs = performance.now() - startMs;
  return ((await probe()).cpuMicroseconds - before.cpuMicroseconds) / 1_000 / tookMs;
}

/** Clients with connections of their own, until the row ends. */
function connectTo(harness: Harness, address: string): readonly HealthClient[] {
  const clients = Array.from(
    { length: clientCount },
    () => new HealthClient(address, credentials.createInsecure(), clientOptions),
  );
  harness.onEnd(() => {
    for (const client of clients) {
      client.close();
    }
  });
  return clients;
}

/** Opens the watchers, which leave no room on their connections, and waits until each has been told something. */
async function watch(harness: Harness, address: string): Promise<void> {
  const first = connectTo(harness, address).flatMap((client) =>
    Array.from({ length: watchersPerClient }, () => {
      const call = client.watch({ service: "readiness" });
      call.on("error", () => {});
      harness.onEnd(() => call.cancel());
      return new Promise<void>((resolve) => call.once("data", () => resolve()));
    }),
  );
  await Promise.race([
    Promise.all(first),
    delay(20_000, undefined, { ref: false }).then(() => {
      throw new Error("not all watchers were told something within 20 s");
    }),
  ]);
}

/** Makes 500 checks a second. */
async function storm(
  clients: readonly HealthClient[],
  seconds: number,
): Promise<readonly string[]> {
  const startMs = performance.now();
  const answers: Promise<string>[] = [];
  for (let ms = 0; ms < seconds * 1_000; ms = performance.now() - startMs) {
    // However late the timer, as many as are due.
    while (answers.length < ms / 2) {
      answers.push(check(clients[answers.length % clients.length]));
    }
    await delay(2);
  }
  return Promise.all(answers);
}

async function check(client: HealthClient | undefined): Promise<string> {
  return new Promise((resolve) => {
    client?.check({ service: "" }, new Metadata(), { deadline: Date.now() + 20_000 }, (error) =>
      resolve(status[error?.code ?? status.OK] ?? ""),
    );
  });
}

/** The same storm on a server whose checks can be counted, which nobody can from without. */
async function countChecks(harness: Harness, seconds: number) {
  const intervalMs = 250;
  let runs = 0;
  const health = createHealthService({
    dependencyChecks: { database: { intervalMs, check: () => ++runs > 0 } },
  });
  const server = new Server({ "grpc.max_concurrent_streams": 1_000 });
  health.addTo(server);
  harness.onEnd(() => {
    health.stop();
    server.forceShutdown();
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const startMs = performance.now();
  await health.start();
  await watch(harness, `127.0.0.1:${port}`);
  const watchers = health.watcherCount;
  await storm(connectTo(harness, `127.0.0.1:${port}`), seconds);
  health.stop();
  return { runs, watchers, intervals: (performance.now() - startMs) / intervalMs };
}
