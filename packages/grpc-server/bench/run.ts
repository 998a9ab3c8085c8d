/**
 * `pnpm bench`: what this package costs beside grpc-js alone, as CPU time of the server process. Both
 * run side by side and take turns, and each figure is the median of the turns.
 */
import {
  callEngine,
  figuresOf,
  frame,
  inFlight,
  measure,
  startEngine,
  stopEngine,
  type Work,
} from "@grpc-kit/testing/bench";

const rounds = 7;
const streamed = 100_000;
const file = new URL("server.ts", import.meta.url);
const request = frame({ payload: Buffer.alloc(64) });
const failingRequest = frame({ text: "fail" });
const streamRequest = frame({ count: BigInt(streamed), payload: Buffer.alloc(64) });
const upload = Buffer.concat(Array.from({ length: 1_000 }, () => request));

function unary(lanes: number, count: number, body: Buffer): Work {
  return {
    count,
    run: (engine) => inFlight(lanes, count, () => callEngine(engine, "Unary", [body])),
  };
}

const rows: readonly (readonly [title: string, work: Work])[] = [
  ["unary, 1 in flight", unary(1, 2_000, request)],
  ["unary, 32 in flight", unary(32, 5_000, request)],
  // grpc-js sends code and text alone, grpc-kit the details as well.
  ["unary that fails, 32 in flight", unary(32, 5_000, failingRequest)],
  [
    "server stream, a message",
    {
      count: streamed,
      run: (engine) => callEngine(engine, "ServerStream", [streamRequest]),
    },
  ],
  [
    "client stream, a message",
    {
      count: streamed,
      run: (engine) => callEngine(engine, "ClientStream", Array(streamed / 1_000).fill(upload)),
    },
  ],
];

const engines = [await startEngine(file, "grpc-js"), await startEngine(file, "grpc-kit")];
process.stdout.write(`${"CPU of the server, µs".padEnd(32)}grpc-js  grpc-kit  ratio\n`);
for (const [title, work] of rows) {
  const [bare, kit] = figuresOf(await measure(engines, rounds, work), "grpc-js");
  const figures = [
    bare?.cpuMicroseconds.toFixed(2).padStart(7),
    kit?.cpuMicroseconds.toFixed(2).padStart(8),
    kit?.ratio.toFixed(2),
  ];
  process.stdout.write(`${title.padEnd(32)}${figures.join("  ")}\n`);
}
engines.forEach(stopEngine);
