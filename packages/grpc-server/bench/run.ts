/**
 * `pnpm bench`: what this package costs beside grpc-js alone, as CPU time of the server process. Both
 * run side by side and take turns, and each figure is the median of the turns.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { fileURLToPath } from "node:url";
import { Envelope } from "@grpc-kit/testing/fixtures";

const rounds = 7;
const streamed = 100_000;

interface Engine {
  readonly name: string;
  readonly child: ChildProcess;
  readonly session: ClientHttp2Session;
}

async function startEngine(name: string): Promise<Engine> {
  const file = fileURLToPath(new URL("server.ts", import.meta.url));
  const child = fork(file, [name], { execArgv: ["--conditions=@grpc-kit/source"] });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { name, child, session: connect(`http://127.0.0.1:${port}`) };
}

async function cpuMicroseconds({ child }: Engine): Promise<number> {
  const answer = once(child, "message");
  child.send("cpu");
  const [{ cpuMicroseconds: cpu }] = (await answer) as [{ cpuMicroseconds: number }];
  return cpu;
}

function frame(message: Partial<Envelope>): Buffer {
  const bytes = Envelope.encode(Envelope.create(message)).finish();
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([head, bytes]);
}

async function call({ session }: Engine, method: string, body: readonly Buffer[]): Promise<void> {
  const stream = session.request({
    ":method": "POST",
    ":path": `/fixtures.FixtureService/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
  });
  const ended = once(stream, "close");
  stream.resume();
  for (const chunk of body) {
    if (!stream.write(chunk)) {
      await once(stream, "drain");
    }
  }
  stream.end();
  await ended;
}

async function inFlight(lanes: number, calls: number, make: () => Promise<void>): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let index = 0; index < calls / lanes; index += 1) {
      await make();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

const request = frame({ payload: Buffer.alloc(64) });
const failingRequest = frame({ text: "fail" });
const upload = Buffer.concat(Array.from({ length: 1_000 }, () => request));

/** What is measured: the work, and by how many the CPU time is divided. */
const rows: readonly (readonly [string, number, (engine: Engine) => Promise<void>])[] = [
  [
    "unary, 1 in flight",
    2_000,
    (engine) => inFlight(1, 2_000, () => call(engine, "Unary", [request])),
  ],
  [
    "unary, 32 in flight",
    5_000,
    (engine) => inFlight(32, 5_000, () => call(engine, "Unary", [request])),
  ],
  [
    // grpc-js sends code and text alone, grpc-kit the details as well.
    "unary that fails, 32 in flight",
    5_000,
    (engine) => inFlight(32, 5_000, () => call(engine, "Unary", [failingRequest])),
  ],
  [
    "server stream, a message",
    streamed,
    (engine) => call(engine, "ServerStream", [frame({ count: BigInt(streamed) })]),
  ],
  [
    "client stream, a message",
    streamed,
    (engine) => call(engine, "ClientStream", Array(streamed / 1_000).fill(upload)),
  ],
];

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const engines = [await startEngine("grpc-js"), await startEngine("grpc-kit")];
process.stdout.write(`${"CPU of the server, µs".padEnd(32)}grpc-js  grpc-kit  ratio\n`);
for (const [title, count, work] of rows) {
  const costs = new Map(engines.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const engine of engines) {
      const before = await cpuMicroseconds(engine);
      await work(engine);
      const cost = ((await cpuMicroseconds(engine)) - before) / count;
      // The first round warms up.
      if (round > 0) {
        costs.get(engine.name)?.push(cost);
      }
    }
  }
  const [bare = 0, kit = 0] = [...costs.values()].map(median);
  const figures = [
    bare.toFixed(2).padStart(7),
    kit.toFixed(2).padStart(8),
    (kit / bare).toFixed(2),
  ];
  process.stdout.write(`${title.padEnd(32)}${figures.join("  ")}\n`);
}
for (const { child, session } of engines) {
  session.destroy();
  child.kill();
}
