/**
 * `pnpm bench`: what a stub with everything on costs, as CPU time of the client's process, beside
 * grpc-js alone; and what more than one connection is good for. The clients take turns, so that what
 * disturbs the machine disturbs all of them; figures are medians of the rounds.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { median } from "@grpc-kit/testing/bench";
import type { Bill, Order } from "./client.ts";

const children: ChildProcess[] = [];

function start(file: string, ...args: string[]): ChildProcess {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    execArgv: ["--conditions=@grpc-kit/source"],
  });
  children.push(child);
  return child;
}

async function startServer(delayMs: number): Promise<string> {
  const [{ port }] = (await once(start("server.ts", String(delayMs)), "message")) as [
    { port: number },
  ];
  return String(port);
}

/** What each client is billed for the order, round by round. */
async function compare(
  clients: readonly ChildProcess[],
  rounds: number,
  order: Order,
): Promise<readonly (readonly Bill[])[]> {
  const bills = clients.map((): Bill[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, client] of clients.entries()) {
      const answer = once(client, "message");
      client.send(order);
      const [bill] = (await answer) as [Bill];
      bills[index]?.push(bill);
    }
  }
  return bills;
}

function show(
  title: string,
  [first = [], second = []]: readonly (readonly Bill[])[],
  unit: string,
  figure: (bill: Bill) => number,
): void {
  const [firsts, seconds] = [first.map(figure), second.map(figure)];
  const ratio = median(seconds.map((own, round) => own / (firsts[round] ?? Number.NaN)));
  const figures = [firsts, seconds].map((all) => median(all).toFixed(1).padStart(9)).join("");
  process.stdout.write(`  ${title.padEnd(44)}${figures} ${unit}   ratio ${ratio.toFixed(2)}\n`);
}

const port = await startServer(0);
const clients = [start("client.ts", "bare", port), start("client.ts", "stub", port)];
const unary = { calls: 4_000, messages: 0 };
const streams = { calls: 40, messages: 500 };
// A client runs for weeks, and a compiler's time is not that of a call.
await compare(clients, 4, { ...unary, lanes: 32 });
await compare(clients, 2, { ...streams, lanes: 1 });
process.stdout.write("CPU of the client: grpc-js, a stub\n");
for (const lanes of [1, 32]) {
  const bills = await compare(clients, 11, { ...unary, lanes });
  show(`unary, ${lanes} in flight`, bills, "µs", (bill) => bill.cpuMicroseconds / unary.calls);
}
const streamed = await compare(clients, 11, { ...streams, lanes: 1 });
show("server stream, a message", streamed, "µs", (bill) => {
  return bill.cpuMicroseconds / (streams.calls * streams.messages);
});

const slowPort = await startServer(50);
const pools = [
  start("client.ts", "one connection", slowPort),
  start("client.ts", "stub", slowPort),
];
const many = { calls: 2_560, lanes: 256, messages: 0 };
await compare(pools, 2, many);
process.stdout.write(
  "256 calls of 50 ms in flight, 100 streams to a connection: one, up to four\n",
);
show("unary", await compare(pools, 5, many), "calls/s", (bill) => {
  return (1_000 * many.calls) / bill.elapsedMs;
});
for (const child of children) {
  child.kill();
}
