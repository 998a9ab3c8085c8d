import { createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Harness } from "../../harness/harness.ts";
import { inLanes } from "../../harness/in-lanes.ts";
import { judge, missUnless, type Verdict } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import { wrongAmong } from "../../harness/tell.ts";
import type { Outcome, Row } from "../../row.ts";
import { callerOf, callWith } from "../d/key-service.ts";
import { tailOf } from "./log-lines.ts";
import { tracesTo } from "./trace-receiver.ts";

export const deadCollector: Row = {
  id: "E9",
  fault: "A collector of spans that is down, or takes connections and says nothing",
  promise:
    "calls do not notice, what does not fit into the queue is dropped, the log has at most five lines a minute, and the stop waits four seconds at the most",
  isQuick: false,
  async run(harness) {
    const hanging = await serveWith(harness, "hanging", await startSilence(harness));
    if (harness.isQuick) {
      return hanging;
    }
    const down = await serveWith(harness, "down", "http://127.0.0.1:1");
    return {
      measured: `${hanging.measured}; ${down.measured}`,
      misses: [...hanging.misses, ...down.misses],
    };
  },
};

async function serveWith(harness: Harness, kind: string, url: string): Promise<Outcome> {
  const env = {
    ...tracesTo(url),
    OTEL_BSP_MAX_QUEUE_SIZE: "256",
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "64",
  };
  const service = await harness.service({ own: true, env });
  const tail = tailOf(service);
  const caller = callerOf(harness, service);
  const authorization = `Bearer ${service.token()}`;
  const call = async (): Promise<string> => (await callWith(caller, { authorization })).name;
  // Its code is compiled, and its queue is full.
  await inLanes(Array.from({ length: 1_000 }), 8, call);
  const seconds = harness.isQuick ? 1 : 15;
  const verdict: Verdict<readonly string[]> = await judge(
    harness,
    service,
    { victim: true, memory: { peakMiB: 64, keptMiB: 16 } },
    async () => {
      const endMs = performance.now() + seconds * 1_000;
      const names: string[] = [];
      while (performance.now() < endMs) {
        names.push(...(await inLanes(Array.from({ length: 10 }), 2, call)));
        await delay(20);
      }
      return names;
    },
  );
  const said = tail.lines().filter(({ fields }) => fields?.message === "telemetry").length;
  // Seconds, of which the quick set has none to spare.
  const stop = harness.isQuick ? undefined : await timeStop(service);
  return {
    measured: [
      `${kind}: ${verdict.result.length} calls in ${seconds} s`,
      ...verdict.measured,
      `${said} lines in the log`,
      ...(stop ? [`stopped in ${(stop.tookMs / 1_000).toFixed(1)} s`] : []),
    ].join(", "),
    misses: [
      ...verdict.misses,
      ...wrongAmong("calls", verdict.result, ["NOT_FOUND"]),
      ...missUnless(said <= 5, `${said} lines in the log`),
      ...missUnless(!stop || stop.code === 0, `it has ended with ${stop?.code}`),
      ...missUnless(
        !stop || stop.tookMs < 8_000,
        `it took ${Math.round(stop?.tookMs ?? 0)} ms to stop`,
      ),
    ].map((miss) => `${kind}: ${miss}`),
  };
}

async function timeStop(service: Service) {
  const startMs = performance.now();
  const code = await service.stop();
  return { code, tookMs: performance.now() - startMs };
}

/** A port at which connections are taken and nothing is ever said. */
async function startSilence(harness: Harness): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  harness.onEnd(() => {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}
