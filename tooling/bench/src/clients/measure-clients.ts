import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Cost, figuresOf } from "@grpc-kit/testing/bench";
import type { MeasureGroup } from "../result.ts";
import type { Answer, Bill, Order } from "./client-engine.ts";

const baseline = "grpc-js";
const engineNames = [
  baseline,
  "grpc-client",
  "nice-grpc",
  "connect",
  "grpc-client-everything",
  // What of that is not of grpc-client's making.
  "grpc-js-full",
];

interface Work {
  readonly title: string;
  readonly per: "call" | "message";
  readonly order: Order;
}

const works: readonly Work[] = [
  unary(1),
  unary(32),
  stream("server stream of 100 messages", "serverStream"),
  stream("client stream of 100 messages", "clientStream"),
  stream("ping-pong of 100 messages", "pingPong"),
  // Last: for so many calls a pool opens more connections, and keeps them for a while.
  unary(256),
];

function unary(lanes: number): Work {
  const order: Order = { kind: "unary", calls: 2_048, lanes, messages: 1 };
  return { title: `unary, ${lanes} in flight`, per: "call", order };
}

function stream(title: string, kind: Order["kind"]): Work {
  return { title, per: "message", order: { kind, calls: 80, lanes: 8, messages: 100 } };
}

// A client runs for weeks, and a compiler's time is not that of a call.
const warmUp: Order = { kind: "unary", calls: 20_480, lanes: 32, messages: 1 };

// Of two processes of the same program, one may be the slower for all its life.
const roundsOfProcess = 3;

/** What clients cost: CPU time of a client's process, all of them calling the same server of grpc-js. */
export const measureClients: MeasureGroup = async ({ rounds, isQuick, progress }) => {
  const costs = works.map(() => new Map(engineNames.map((name) => [name, [] as Cost[]])));
  for (let done = 0; done < rounds; done += roundsOfProcess) {
    await withClients(async (engines) => {
      if (!isQuick) {
        progress("clients: warming up");
        for (const { child } of engines) {
          await carryOut(child, warmUp);
        }
      }
      for (const [index, { title, order }] of works.entries()) {
        progress(`clients: ${title}, from round ${done + 1}`);
        const given = isQuick ? { ...order, calls: Math.max(order.lanes, 16) } : order;
        const last = Math.min(roundsOfProcess, rounds - done);
        for (let round = isQuick ? 0 : -1; round < last; round += 1) {
          // The engines take turns, so that what disturbs the machine disturbs all of them.
          for (const engine of engines) {
            const cost = toCost(await carryOut(engine.child, given), given);
            if (round >= 0) {
              costs[index]?.get(engine.name)?.push(cost);
            }
          }
        }
      }
    });
  }
  return works.map(({ title, per }, index) => {
    const figures = figuresOf(costs[index] ?? new Map(), baseline);
    return { group: "clients", title, per, unit: "µs", baseline, figures };
  });
};

interface Client {
  readonly name: string;
  readonly child: ChildProcess;
}

/** Has all clients, and a server for them, while something is done with them. */
async function withClients(use: (clients: readonly Client[]) => Promise<void>): Promise<void> {
  const children: ChildProcess[] = [];
  const start = async (name: string, ...args: string[]) => {
    const child = fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), args);
    children.push(child);
    const [first] = await once(child, "message");
    return { name, child, first };
  };
  try {
    const { address } = (await start("server")).first as { address: string };
    await use(await Promise.all(engineNames.map((name) => start(name, address))));
  } finally {
    for (const child of children) {
      child.kill();
    }
  }
}

function toCost({ cpuMicroseconds, wallMicroseconds }: Bill, order: Order): Cost {
  const units = order.calls * order.messages;
  return {
    cpuMicroseconds: cpuMicroseconds / units,
    wallMicroseconds: wallMicroseconds / units,
  };
}

async function carryOut(engine: ChildProcess, order: Order): Promise<Bill> {
  const answer = once(engine, "message");
  engine.send(order);
  const [bill] = (await answer) as [Answer];
  if ("failure" in bill) {
    throw new Error(`${engine.spawnfile} ${engine.spawnargs.join(" ")}: ${bill.failure}`);
  }
  return bill;
}
