import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";
import { fileURLToPath } from "node:url";
import { Envelope } from "./gen/fixtures/kinds.ts";

/** A server of the fixture service in a process of its own, and a connection to it. */
export interface Engine {
  readonly name: string;
  readonly child: ChildProcess;
  readonly session: ClientHttp2Session;
}

/** Work for an engine, and by how many its CPU time is divided. */
export interface Work {
  readonly count: number;
  readonly run: (engine: Engine) => Promise<void>;
}

/** Runs `file` with a name as its argument. It must call `tellCpuTime` when it serves. */
export async function startEngine(file: URL, name: string): Promise<Engine> {
  const child = fork(fileURLToPath(file), [name], { execArgv: ["--conditions=@grpc-kit/source"] });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { name, child, session: connect(`http://127.0.0.1:${port}`) };
}

export function stopEngine({ child, session }: Engine): void {
  session.destroy();
  child.kill();
}

/** Tells the parent process the port, and the CPU time so far whenever it asks. */
export function tellCpuTime(port: number): void {
  process.on("SIGINT", () => process.exit());
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuMicroseconds: user + system });
  });
  process.send?.({ port });
}

/**
 * The CPU time of each engine for each unit of the work, in microseconds, round by round. The engines
 * take turns, so that what disturbs the machine disturbs all of them.
 */
export async function measureCpu(
  engines: readonly Engine[],
  rounds: number,
  work: Work,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const costs = new Map(engines.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const engine of engines) {
      const before = await cpuMicroseconds(engine);
      await work.run(engine);
      const cost = ((await cpuMicroseconds(engine)) - before) / work.count;
      // The first round warms up.
      if (round > 0) {
        costs.get(engine.name)?.push(cost);
      }
    }
  }
  return costs;
}

async function cpuMicroseconds({ child }: Engine): Promise<number> {
  const answer = once(child, "message");
  child.send("cpu");
  const [{ cpuMicroseconds: cpu }] = (await answer) as [{ cpuMicroseconds: number }];
  return cpu;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** A message with its prefix, as it goes over the wire. */
export function frame(message: Partial<Envelope>): Buffer {
  const bytes = Envelope.encode(Envelope.create(message)).finish();
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([head, bytes]);
}

/** Makes a call with nothing between it and HTTP/2, so that the driver costs little. */
export async function callEngine(
  { session }: Engine,
  method: string,
  body: readonly Buffer[],
  headers: OutgoingHttpHeaders = {},
): Promise<void> {
  const stream = session.request({
    ":method": "POST",
    ":path": `/fixtures.FixtureService/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
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

/** Makes this many calls, so many of them at once. */
export async function inFlight(
  lanes: number,
  calls: number,
  make: () => Promise<void>,
): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let index = 0; index < calls / lanes; index += 1) {
      await make();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
