import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import {
  connectAttacker,
  connectRaw,
  frame,
  preface,
  settings,
  windowUpdate,
} from "@grpc-kit/testing/raw-http2";
import type { Harness } from "../../harness/harness.ts";
import { judge, lateUnless, missUnless, outcomeOf } from "../../harness/judge.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import type { Row } from "../../row.ts";
import { addressOf } from "../../wire/attacker.ts";
import { impatient, refused } from "./services.ts";

const hello = Buffer.concat([preface, settings()]);

export const connectionWindowOverflow: Row = {
  id: "A14",
  fault: "the window of a connection overflows (CVE-2026-21714)",
  promise: "each such connection is freed: sockets as before, +16 MiB kept at the most",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const count = harness.isQuick ? 200 : 2_000;
    const { result, ...verdict } = await judge(harness, service, { memory: true }, async () => {
      for (let n = 0; n < count; n += 1) {
        const attacker = await connectRaw(service.port, {
          // An address may connect a thousand times at once.
          from: addressOf("A14", Math.floor(n / 500)),
          hello: [hello, windowUpdate(0, 2 ** 31 - 1)],
        });
        await attacker.closed;
      }
      return count;
    });
    const { openSockets: before } = verdict.before;
    const isFreed = await waitUntil(async () => (await service.probe()).openSockets <= before);
    const { openSockets } = await service.probe();
    return outcomeOf(verdict, {
      measured: [`${result} connections`, `${openSockets} sockets open (${before} before)`],
      misses: missUnless(isFreed, `${openSockets} sockets are open, and ${before} were before`),
    });
  },
};

const maxCpuPercent = 1;

export const keepaliveAbuse: Row = {
  id: "A15",
  fault: "a client that pings each second and makes no call",
  promise:
    "not promised to be cut (grpc-js shows no PINGs); answered, for 1 % of a processor at the most",
  isQuick: false,
  async run(harness) {
    const service = await harness.service();
    const seconds = 10;
    const cpuOf = async (during: () => Promise<unknown>): Promise<number> => {
      const before = await service.probe();
      await during();
      const after = await service.probe();
      return (after.cpuMicroseconds - before.cpuMicroseconds) / (seconds * 1e4);
    };
    const idlePercent = await cpuOf(() => delay(seconds * 1_000));
    const attacker = await connectRaw(service.port, { from: addressOf("A15") });
    harness.onEnd(() => attacker.close());
    const pingedPercent = await cpuOf(async () => {
      for (let n = 0; n < seconds; n += 1) {
        await attacker.send(frame("ping", 0, 0, randomBytes(8)));
        await delay(1_000);
      }
    });
    const cost = pingedPercent - idlePercent;
    const answers = attacker.counts[6] ?? 0;
    return {
      measured: `${answers} answers to ${seconds} pings, ${cost.toFixed(2)} % of a processor more than without`,
      misses: [
        ...missUnless(answers === seconds, `${answers} of ${seconds} pings were answered`),
        ...lateUnless(cost <= maxCpuPercent, `the pings cost ${cost.toFixed(2)} % of a processor`),
      ],
    };
  },
};

/** What the peers of a kind say at first, and how they are cut. */
const slowPeers: Readonly<
  Record<string, { readonly isHandshake: boolean; greet(socket: Socket): void }>
> = {
  "says nothing": { isHandshake: true, greet: () => {} },
  "half of the preface": {
    isHandshake: true,
    greet: (socket) => socket.write(preface.subarray(0, 12)),
  },
  "a byte each 100 ms": { isHandshake: true, greet: drip },
  "the preface only": { isHandshake: true, greet: (socket) => socket.write(preface) },
  "hello only": { isHandshake: false, greet: (socket) => socket.write(hello) },
  "half a head": {
    isHandshake: false,
    greet: (socket) => socket.write(Buffer.concat([hello, frame("headers", 0, 1)])),
  },
};

function drip(socket: Socket): void {
  let sent = 0;
  const timer = setInterval(() => {
    socket.write(preface.subarray(sent, sent + 1));
    sent += 1;
  }, 100);
  socket.once("close", () => clearInterval(timer));
}

export const slowloris: Row = {
  id: "A16",
  fault: "slowloris: connections that say nothing, half of the preface, or the preface only",
  promise: "all are gone after twice the timeouts (here 1 s)",
  isQuick: true,
  async run(harness) {
    const service = await harness.service({ env: impatient });
    const count = harness.isQuick ? 50 : 300;
    const handshakes = Object.values(slowPeers).filter(({ isHandshake }) => isHandshake).length;
    // One that has said the preface may be cut for being idle as well.
    const counted = { min: (handshakes * count) / 2, max: handshakes * count };
    const { result, ...verdict } = await judge(
      harness,
      service,
      { victim: true, memory: true, counters: [refused("handshake_timeout", counted)] },
      async () => {
        const open = new Map(
          Object.entries(slowPeers).map(([name, { greet }], n) => {
            const from = addressOf("A16", n);
            return [
              name,
              openSockets(harness, { port: service.port, from, count, greet }),
            ] as const;
          }),
        );
        const startMs = performance.now();
        const left = (): string[] =>
          [...open].filter(([, all]) => all.size > 0).map(([name]) => name);
        await waitUntil(() => left().length === 0);
        return { left: left(), afterMs: performance.now() - startMs };
      },
    );
    const { left, afterMs } = result;
    // The second is the time from one look to the next.
    const limitMs = harness.isQuick ? 8_000 : 2_000 + 1_000;
    return outcomeOf(verdict, {
      measured: [
        `${count} connections of ${Object.keys(slowPeers).length} kinds gone after ${Math.round(afterMs)} ms`,
      ],
      misses: [
        ...left.map((name) => `connections are left open on which came: ${name}`),
        ...lateUnless(
          afterMs <= limitMs * verdict.stretch,
          `the last one was gone after ${Math.round(afterMs)} ms`,
        ),
      ],
    });
  },
};

interface SocketsOptions {
  readonly port: number;
  readonly from: string;
  readonly count: number;
  greet?(socket: Socket): void;
}

/** Opens this many sockets at once; those that are open still are in the set. */
function openSockets(
  harness: Harness,
  { port, from, count, greet = () => {} }: SocketsOptions,
): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  for (let n = 0; n < count; n += 1) {
    const socket = connectAttacker(port, from);
    open.add(socket);
    socket.on("error", () => {}).resume();
    socket.once("close", () => open.delete(socket));
    greet(socket);
  }
  harness.onEnd(() => {
    for (const socket of open) {
      socket.destroy();
    }
  });
  return open;
}

const maxBytesPerSocket = 30 * 1024;

export const connectionFlood: Row = {
  id: "A19",
  fault: "a flood of connections: 5,000, of five addresses",
  promise: "no more are held than the limit (2,000), for 30 KiB each; others are served",
  isQuick: false,
  async run(harness) {
    // As the limits are by default: so many, and half of them of one address.
    const max = 2_000;
    const service = await harness.service({ own: true });
    const { result, ...verdict } = await judge(
      harness,
      service,
      { victim: true, memory: true, counters: [refused("too_many_connections", { min: max / 2 })] },
      async () => {
        const sets: ReadonlySet<Socket>[] = [];
        for (let n = 0; n < 5; n += 1) {
          const count = max / 2;
          const from = addressOf("A19", n);
          const greet = (socket: Socket): void => void socket.write(hello);
          sets.push(openSockets(harness, { port: service.port, from, count, greet }));
          await delay(50);
        }
        const open = (): number => sets.reduce((sum, { size }) => sum + size, 0);
        const held = async (): Promise<number> =>
          (await service.metrics()).sum("grpc_kit_server_connections");
        // All are decided: those that are open here are held there.
        await waitUntil(async () => open() <= max && (await held()) >= open());
        const { rss } = await service.probe();
        const result = { held: await held(), rss };
        for (const socket of sets.flatMap((set) => [...set])) {
          socket.destroy();
        }
        return result;
      },
    );
    const bytes = (result.rss - verdict.before.rss) / result.held;
    return outcomeOf(verdict, {
      measured: [`${result.held} connections held`, `${Math.round(bytes / 1024)} KiB each`],
      misses: [
        ...missUnless(result.held <= max, `${result.held} connections were held, more than ${max}`),
        ...missUnless(
          bytes <= maxBytesPerSocket,
          `a connection costs ${Math.round(bytes / 1024)} KiB`,
        ),
      ],
    });
  },
};
