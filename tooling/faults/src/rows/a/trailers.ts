import { setTimeout as delay } from "node:timers/promises";
import {
  connectRaw,
  preface,
  type RawConnection,
  rstStream,
  settings,
  streamId,
  windowUpdate,
} from "@grpc-kit/testing/raw-http2";
import { createItem, createItemClient } from "../../harness/calls.ts";
import type { Harness } from "../../harness/harness.ts";
import { judge, missUnless, outcomeOf, together } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import type { Outcome, Row } from "../../row.ts";
import { addressOf } from "../../wire/attacker.ts";
import { bodies, callFrames, headOf, itemPaths } from "../../wire/items.ts";
import { impatient } from "./services.ts";

const maxIdleCpuPercent = 30;
const perRound = 40;
// Below what an address may reset at once, so that it goes on to the end.
const perConnection = 800;

/** Makes calls, and resets each in a phase of it. */
interface Phase {
  /** What may be sent of an answer before the window is opened. Default: all. */
  readonly window?: number;
  /** Of each call. Default: none. */
  readonly timeout?: string;
  /** Whether it is part of the quick set. */
  readonly isQuick?: boolean;
  /** Whether the service has short limits for what waits, and the phase takes seconds. Default: false. */
  readonly isSlow?: boolean;
  strike(
    connection: RawConnection,
    ids: readonly number[],
    call: (id: number) => Buffer,
  ): Promise<void>;
}

const callAll = (connection: RawConnection, ids: readonly number[], call: (id: number) => Buffer) =>
  connection.send(...ids.map(call));
const resetAll = (ids: readonly number[]): Buffer => Buffer.concat(ids.map((id) => rstStream(id)));
const openAll = (ids: readonly number[]): Buffer =>
  Buffer.concat(ids.map((id) => windowUpdate(id, 60_000)));

async function resetOneByOne(
  { socket }: RawConnection,
  ids: readonly number[],
  [fromMs, toMs]: readonly [number, number],
): Promise<void> {
  await Promise.all(
    ids.map(async (id) => {
      await delay(fromMs + Math.random() * (toMs - fromMs));
      socket.write(rstStream(id));
    }),
  );
}

const phases: Readonly<Record<string, Phase>> = {
  "at any time": {
    async strike(connection, ids, call) {
      await callAll(connection, ids, call);
      await resetOneByOne(connection, ids, [0, 8]);
    },
  },
  "during the answer": {
    window: 200,
    async strike(connection, ids, call) {
      await callAll(connection, ids, call);
      await delay(Math.random() * 8);
      await connection.send(resetAll(ids));
    },
  },
  // The last of the answer leaves by the window's update, and the trailers are wanted then.
  "as trailers are wanted": {
    isQuick: true,
    window: 40,
    async strike(connection, ids, call) {
      await callAll(connection, ids, call);
      await delay(2 + Math.random() * 8);
      await connection.send(...ids.flatMap((id) => [windowUpdate(id, 60_000), rstStream(id)]));
    },
  },
  "just after that": {
    window: 40,
    async strike(connection, ids, call) {
      await callAll(connection, ids, call);
      await delay(2 + Math.random() * 8);
      connection.socket.write(openAll(ids));
      await resetOneByOne(connection, ids, [0, 3]);
    },
  },
  "as the deadline passes": {
    isQuick: true,
    window: 40,
    timeout: "15m",
    async strike(connection, ids, call) {
      await callAll(connection, ids, call);
      await resetOneByOne(connection, ids, [8, 24]);
    },
  },
  "by a connection that goes": {
    window: 40,
    async strike(connection, ids, call) {
      await callAll(connection, ids, call);
      await delay(2 + Math.random() * 8);
      await connection.send(openAll(ids), resetAll(ids));
      connection.socket.resetAndDestroy();
    },
  },
  "as the server cuts what is stalled": {
    window: 40,
    isSlow: true,
    async strike(connection, ids, call) {
      await callAll(connection, ids, call);
      // The server looks once a second, and cuts after one.
      await resetOneByOne(connection, ids, [900, 2_400]);
    },
  },
};

export const resetInEveryPhase: Row = {
  id: "A1b",
  fault:
    "streams are reset in every phase of an answer: before it, in its midst, as its trailers are wanted",
  promise: "nothing is left of it: no handler, no stream, no processor time afterwards",
  isQuick: true,
  async run(harness) {
    const outcomes: Record<string, Outcome> = {};
    for (const [name, phase] of Object.entries(phases)) {
      if (harness.isQuick && !phase.isQuick) {
        continue;
      }
      const service = await harness.service(phase.isSlow ? { env: impatient } : {});
      await fill(service);
      const from = addressOf("A1", 10 + Object.keys(outcomes).length);
      outcomes[name] = await attack(harness, service, { from, phase });
    }
    if (!harness.isQuick) {
      outcomes["as the server stops"] = await stopMeanwhile(harness);
    }
    return together(outcomes);
  },
};

async function fill(service: Service): Promise<void> {
  const client = createItemClient(service);
  for (let n = 0; n < 20; n += 1) {
    await createItem(client, service.token());
  }
  client.close();
}

async function attack(
  harness: Harness,
  service: Service,
  { from, phase }: { readonly from: string; readonly phase: Phase },
): Promise<Outcome> {
  const durationMs = harness.isQuick ? 150 : 3_000;
  const { window, timeout, isSlow, strike } = phase;
  const hello = helloWith(window);
  const more = timeout === undefined ? {} : { "grpc-timeout": timeout };
  const head = headOf(service, itemPaths.listItems, more);
  const call = (id: number): Buffer => callFrames(id, head, bodies.listItems(20));
  async function lane(endMs: number): Promise<number> {
    let streams = 0;
    while (performance.now() < endMs) {
      const connection = await connectRaw(service.port, { from, hello });
      let opened = 0;
      while (opened < perConnection && !connection.isClosed && performance.now() < endMs) {
        const first = opened;
        const ids = Array.from({ length: perRound }, (_, n) => streamId(first + n));
        await strike(connection, ids, call);
        opened += perRound;
      }
      streams += opened;
      connection.close();
    }
    return streams;
  }

  const { result, ...verdict } = await judge(
    harness,
    service,
    // The calls that it answers are work for it, and no promise is made how much.
    { victim: "no failures", memory: { peakMiB: 256 } },
    async () => {
      const endMs = performance.now() + durationMs;
      const lanes = Array.from({ length: isSlow ? 8 : 1 }, () => lane(endMs));
      return (await Promise.all(lanes)).reduce((sum, streams) => sum + streams, 0);
    },
  );
  const idlePercent = await idleCpuPercent(service);
  const { handlersRunning } = await service.probe();
  return outcomeOf(verdict, {
    measured: [`${result} streams`, `${Math.round(idlePercent)} % of a processor afterwards`],
    misses: [
      ...missUnless(handlersRunning === 0, `${handlersRunning} handlers run on`),
      ...missUnless(
        idlePercent <= maxIdleCpuPercent,
        `${Math.round(idlePercent)} % of a processor was used when all was over`,
      ),
    ],
  });
}

function helloWith(window: number | undefined): readonly Buffer[] {
  return [preface, settings(window === undefined ? {} : { 4: window })];
}

/** Streams whose answers wait are reset while the server lets them end, and cuts them. */
async function stopMeanwhile(harness: Harness): Promise<Outcome> {
  const service = await harness.service({ own: true, env: { GRPC_SERVER_GRACE_MS: "200" } });
  await fill(service);
  const head = headOf(service, itemPaths.listItems);
  const connections = await Promise.all(
    Array.from({ length: 10 }, () => connectRaw(service.port, { hello: helloWith(40) })),
  );
  const ids = Array.from({ length: 80 }, (_, n) => streamId(n));
  for (const connection of connections) {
    await connection.send(...ids.map((id) => callFrames(id, head, bodies.listItems(20))));
  }
  await delay(100);
  const stopped = service.stop();
  await Promise.all(connections.map((connection) => resetOneByOne(connection, ids, [150, 350])));
  const hasEnded = await Promise.race([stopped.then(() => true), delay(10_000, false)]);
  for (const connection of connections) {
    connection.close();
  }
  if (!hasEnded) {
    service.kill("SIGKILL");
  }
  const code = await stopped;
  return {
    measured: `800 streams, exit code ${code}`,
    misses: missUnless(
      code === 0,
      `the service has ended with ${code}: ${service.output().slice(-300)}`,
    ),
  };
}

/** Of one processor, when nobody calls. What is still to be done may take a while; what spins does so for ever. */
async function idleCpuPercent(service: Service): Promise<number> {
  const endMs = performance.now() + 8_000;
  for (;;) {
    const before = await service.probe();
    const startMs = performance.now();
    await delay(300);
    const after = await service.probe();
    const elapsedMs = performance.now() - startMs;
    const percent = (after.cpuMicroseconds - before.cpuMicroseconds) / (10 * elapsedMs);
    if (percent <= maxIdleCpuPercent || performance.now() > endMs) {
      return percent;
    }
  }
}
