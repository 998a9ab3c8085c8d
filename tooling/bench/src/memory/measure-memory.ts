import { type ClientHttp2Session, connect } from "node:http2";
import {
  callEngine,
  type Engine,
  frame,
  inFlight,
  liveUsageOf,
  median,
  medianRatio,
  openBidi,
} from "@grpc-kit/testing/bench";
import type { MeasureGroup, MemoryScenario } from "../result.ts";
import { baseline, callHeaders, serverEngines, withServers } from "../servers/engines.ts";

interface Holding {
  readonly title: string;
  readonly per: "connection" | "stream";
  /** Has an engine hold so many of them, and resolves with what it takes to end them. */
  readonly hold: (engine: Engine, count: number) => Promise<readonly ClientHttp2Session[]>;
}

/** Bytes of one unit. */
interface Growth {
  readonly rss: number;
  readonly heap: number;
}

const message = frame({ payload: Buffer.alloc(64) });
const headers = callHeaders();
/** Memory is steadier than time, and a process is needed for each of its figures. */
export const maxMemoryRounds = 5;
const streamsPerConnection = 100;

const holdings: readonly Holding[] = [
  { title: "1,000 idle connections", per: "connection", hold: openConnections },
  { title: "1,000 open streams", per: "stream", hold: openStreams },
];

/** What idle connections and open streams cost servers in memory, by fresh processes. */
export const measureMemory: MeasureGroup = async ({ rounds, isQuick, progress }) => {
  const [names, count] = isQuick
    ? [[baseline, "grpc-server"], streamsPerConnection]
    : [serverEngines, 1_000];
  const scenarios: MemoryScenario[] = [];
  for (const holding of holdings) {
    const growths = new Map(names.map((name) => [name, [] as Growth[]]));
    for (let round = 1; round <= Math.min(rounds, maxMemoryRounds); round += 1) {
      progress(`memory: ${holding.title}, round ${round}`);
      for (const name of names) {
        growths.get(name)?.push(await growthOf(name, holding, count));
      }
    }
    scenarios.push(toScenario(holding, growths));
  }
  return scenarios;
};

function growthOf(name: string, { hold }: Holding, count: number): Promise<Growth> {
  return withServers([name], async ([engine]) => {
    if (engine === undefined) {
      throw new TypeError(`${name} must be an engine`);
    }
    // What the first calls leave behind is no connection's and no stream's.
    await inFlight(32, 640, () => callEngine(engine, "Unary", [message], headers));
    await closeAll(await hold(engine, 10));
    const before = await liveUsageOf(engine);
    const sessions = await hold(engine, count);
    const after = await liveUsageOf(engine);
    await closeAll(sessions);
    return {
      rss: (after.rssBytes - before.rssBytes) / count,
      heap: (after.heapBytes - before.heapBytes) / count,
    };
  });
}

async function openConnections(
  { port }: Engine,
  count: number,
): Promise<readonly ClientHttp2Session[]> {
  const sessions: ClientHttp2Session[] = [];
  for (let index = 0; index < count; index += 1) {
    const session = connect(`http://127.0.0.1:${port}`);
    sessions.push(session);
    await new Promise((resolve, reject) => {
      session.once("remoteSettings", resolve);
      session.once("error", reject);
    });
  }
  return sessions;
}

async function openStreams(engine: Engine, count: number): Promise<readonly ClientHttp2Session[]> {
  const sessions = await openConnections(engine, Math.ceil(count / streamsPerConnection));
  for (const session of sessions) {
    await inFlight(10, Math.min(count, streamsPerConnection), () =>
      openBidi({ session }, message, headers),
    );
  }
  return sessions;
}

async function closeAll(sessions: readonly ClientHttp2Session[]): Promise<void> {
  const closed = sessions.map(
    (session) => new Promise((resolve) => session.once("close", resolve)),
  );
  for (const session of sessions) {
    session.destroy();
  }
  await Promise.all(closed);
}

function toScenario(
  { title, per }: Holding,
  growths: ReadonlyMap<string, readonly Growth[]>,
): MemoryScenario {
  const rssOf = (engine: string) => growths.get(engine)?.map(({ rss }) => rss) ?? [];
  return {
    group: "memory",
    title,
    per,
    unit: "KB",
    baseline,
    figures: [...growths].map(([engine, own]) => ({
      engine,
      rssKilobytes: median(rssOf(engine)) / 1_000,
      heapKilobytes: median(own.map(({ heap }) => heap)) / 1_000,
      ratio: medianRatio(rssOf(engine), rssOf(baseline)),
    })),
  };
}
