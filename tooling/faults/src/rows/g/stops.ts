import { once as onceEmitted } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { credentials, status } from "@grpc/grpc-js";
import {
  HealthClient,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { clientOptions } from "../../harness/calls.ts";
import type { Harness } from "../../harness/harness.ts";
import { all, codeOf, once, openItems, silence } from "../../harness/item-stub.ts";
import { lateUnless, missUnless } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import { ms, tally } from "../../harness/tell.ts";
import { msUntil, waitUntil } from "../../harness/wait-until.ts";
import type { Miss, Row } from "../../row.ts";

const graceMs = 1_000;
/** How much later than promised it may be: as the promise says, or more where machines are shared. */
const latitudeMs = ({ isQuick }: Harness): number => (isQuick ? 5_000 : 1_000);

async function timed<Result>(settles: Promise<Result>): Promise<[Result, tookMs: number]> {
  const startMs = performance.now();
  return [await settles, performance.now() - startMs];
}

/** Opens so many streams that never end by themselves; how they have ended. */
async function openStreams(harness: Harness, service: Service, count: number) {
  const items = openItems(harness, service.address, { token: service.token(), ...once });
  const silent = new AbortController();
  harness.onEnd(() => silent.abort());
  const ended = Array.from({ length: count }, () =>
    codeOf(all(items.syncItems(silence(silent.signal)))),
  );
  await waitUntil(async () => (await service.probe()).handlersRunning === count);
  return Promise.all(ended);
}

export const openStreamsAtTheEnd: Row = {
  id: "G3",
  fault: "SIGTERM while 100 streams are open",
  promise:
    "Their callers are told UNAVAILABLE, and the process ends with 0, a second after its grace at the latest",
  isQuick: true,
  async run(harness) {
    const count = harness.isQuick ? 50 : 100;
    const service = await harness.service({ own: true, env: { GRPC_SERVER_GRACE_MS: "500" } });
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    const silent = new AbortController();
    harness.onEnd(() => silent.abort());
    const ended = Promise.all(
      Array.from({ length: count }, () => codeOf(all(items.syncItems(silence(silent.signal))))),
    );
    const isOpen = await waitUntil(async () => (await service.probe()).handlersRunning === count);
    const [code, tookMs] = await timed(service.stop());
    const codes = await ended;
    return {
      measured: `ended with ${code} after ${ms(tookMs)} (grace 500 ms); ${tally(codes)}`,
      misses: [
        ...missUnless(isOpen, "the streams were never open"),
        ...missUnless(code === 0, `it ended with ${code}`),
        ...lateUnless(tookMs <= 500 + latitudeMs(harness), `it took ${ms(tookMs)}`),
        ...missUnless(
          codes.every((each) => each === "UNAVAILABLE"),
          `callers were told ${tally(codes)}`,
        ),
      ],
    };
  },
};

export const silentConnection: Row = {
  id: "G4",
  fault: "SIGTERM while a connection is open that says nothing",
  promise: "The process ends with 0, a second after its grace at the latest",
  isQuick: false,
  async run(harness) {
    const service = await harness.service({
      own: true,
      env: { GRPC_SERVER_GRACE_MS: String(graceMs) },
    });
    const socket = connect(service.port, service.host);
    harness.onEnd(() => void socket.destroy());
    socket.on("error", () => {});
    await onceEmitted(socket, "connect");
    const [code, tookMs] = await timed(service.stop());
    return {
      measured: `ended with ${code} after ${ms(tookMs)} (grace ${graceMs} ms)`,
      misses: [
        ...missUnless(code === 0, `it ended with ${code}`),
        ...lateUnless(tookMs <= graceMs + latitudeMs(harness), `it took ${ms(tookMs)}`),
      ],
    };
  },
};

export const healthOrder: Row = {
  id: "G5",
  fault: "SIGTERM, and health is watched meanwhile",
  promise: "Watchers hear NOT_SERVING before the first call is refused",
  isQuick: false,
  async run(harness) {
    const rounds = 10;
    const leads: number[] = [];
    const misses: Miss[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const service = await harness.service({
        own: true,
        env: { GRPC_SERVER_DRAIN_DELAY_MS: "200", GRPC_SERVER_GRACE_MS: "500" },
      });
      const health = new HealthClient(service.address, credentials.createInsecure(), clientOptions);
      const watch = health.watch({ service: "readiness" });
      watch.on("error", () => {});
      const told = new Promise<number>((resolve) => {
        watch.on("data", ({ status: health }) => {
          if (health === ServingStatus.NOT_SERVING) {
            resolve(performance.now());
          }
        });
      });
      await onceEmitted(watch, "data");
      const items = openItems(harness, service.address, { token: service.token(), ...once });
      const call = () => codeOf(items.getItem({ id: crypto.randomUUID() }));
      await call();
      const stopped = service.stop();
      let code = await call();
      while (code === "NOT_FOUND") {
        code = await call();
      }
      const refusedMs = performance.now();
      const toldMs = await Promise.race([told, stopped.then(() => Number.NaN)]);
      leads.push(refusedMs - toldMs);
      misses.push(
        ...missUnless(refusedMs > toldMs, `round ${round}: ${code} before watchers were told`),
      );
      await stopped;
      health.close();
    }
    return {
      measured: `${rounds} stops: watchers were told at least ${ms(Math.min(...leads))} before a call was refused`,
      misses,
    };
  },
};

export const secondSignal: Row = {
  id: "G6",
  fault: "SIGTERM twice, and SIGINT twice, while a stream is open",
  promise: "The second signal ends the process at once (100 ms on an idle machine), not with 0",
  isQuick: true,
  async run(harness) {
    const figures: string[] = [];
    const misses: Miss[] = [];
    const signals = harness.isQuick ? (["SIGTERM"] as const) : (["SIGTERM", "SIGINT"] as const);
    for (const signal of signals) {
      const service = await harness.service({
        own: true,
        env: { GRPC_SERVER_DRAIN_DELAY_MS: "5000" },
      });
      void openStreams(harness, service, 1);
      await waitUntil(async () => (await service.probe()).handlersRunning === 1);
      service.kill(signal);
      await waitUntil(() => /"phase":"(?:leaving|draining)"/.test(service.output()));
      service.kill(signal);
      const [code, tookMs] = await timed(service.stop());
      figures.push(`${signal}: ended with ${code} after ${ms(tookMs)}`);
      const limitMs = harness.isQuick ? 2_000 : 300;
      misses.push(
        ...missUnless(code !== 0, `${signal} twice ended with 0`),
        ...lateUnless(tookMs <= limitMs, `${signal} twice took ${ms(tookMs)}`),
      );
    }
    return { measured: figures.join("; "), misses };
  },
};

export const cancelledWork: Row = {
  id: "G18",
  fault: "Calls of all kinds are cancelled at random points",
  promise: "No handler runs any more 100 ms later (a second, where machines are shared)",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    const rounds = harness.isQuick ? 5 : 40;
    const codes: string[] = [];
    let slowestMs = 0;
    await service.resetPeaks();
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          const caller = new AbortController();
          const options = { signal: caller.signal };
          const silent = silence(caller.signal);
          const calls = [
            () => items.getItem({ id: crypto.randomUUID() }, options),
            () => all(items.listItems({ pageSize: 1_000, pageToken: "", filter: "" }, options)),
            () => items.batchCreateItems(silent, options),
            () => all(items.syncItems(silent, options)),
          ];
          const call = calls[n % 4];
          const code = codeOf(call?.() ?? Promise.resolve());
          await delay(Math.random() * 20);
          caller.abort();
          codes.push(await code);
        }),
      );
      const tookMs = await msUntil(async () => (await service.probe()).handlersRunning === 0, {
        timeoutMs: 5_000,
        intervalMs: 1,
      });
      slowestMs = Math.max(slowestMs, tookMs ?? 5_000);
    }
    const { maxEventLoopDelayMs } = await service.probe();
    const limitMs = harness.isQuick ? 1_000 : 250;
    return {
      measured: `${codes.length} calls: ${tally(codes)}; the last handler was over ${ms(slowestMs)} later, the event loop held up by ${ms(maxEventLoopDelayMs)} at the most`,
      misses: [
        ...lateUnless(slowestMs <= limitMs, `handlers ran ${ms(slowestMs)} later`),
        ...missUnless(codes.includes(status[status.CANCELLED]), "no call was cancelled in time"),
      ],
    };
  },
};
