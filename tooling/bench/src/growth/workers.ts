import { type ClientHttp2Session, connect } from "node:http2";
import {
  type Costs,
  callEngine,
  type Engine,
  figuresOf,
  frame,
  inFlight,
  measure,
  medianRatio,
  startEngine,
  stopEngine,
  type Work,
} from "@grpc-kit/testing/bench";
import type { MeasureGroup, TimeScenario } from "../result.ts";
import { callHeaders } from "../servers/engines.ts";
import { h2loadVersion, runH2load } from "../servers/h2load.ts";
import { echoed, mustAnswer } from "../servers/unary-drivers.ts";

const names = ["1 worker", "2 workers"];
const [baseline = ""] = names;
// Workers get connections in turns.
const connections = 16;
const headers = callHeaders();
const heavy = frame({ count: 2n });

interface Handlers {
  readonly title: string;
  readonly work: Work;
}

/** How much more two workers serve than one. The ratio is that of calls in the same time, unlike elsewhere. */
export const measureWorkers: MeasureGroup = async ({ rounds, isQuick, progress }) => {
  const engines: Engine[] = [];
  try {
    for (const name of names) {
      engines.push(await startEngine(new URL("worker-server.ts", import.meta.url), name));
    }
    const scenarios: TimeScenario[] = [];
    for (const { title, work } of works(isQuick)) {
      progress(`growth: ${title}`);
      scenarios.push(toScenario(title, await measure(engines, rounds, work)));
    }
    return scenarios;
  } finally {
    engines.forEach(stopEngine);
  }
};

function works(isQuick: boolean): readonly Handlers[] {
  const calls = isQuick ? 32 : 480;
  const computing: Handlers = {
    title: "throughput of handlers that hash 2 MiB",
    work: { count: calls, run: (engine) => callHeavy(engine, calls) },
  };
  if (h2loadVersion() === undefined) {
    return [computing];
  }
  const count = isQuick ? 64 : 16_000;
  const echo: Handlers = {
    title: "throughput of an echo, with h2load on the same processors",
    work: { count, run: (engine) => callEcho(engine, count) },
  };
  return [computing, echo];
}

async function callHeavy({ port }: Engine, calls: number): Promise<void> {
  const sessions = Array.from({ length: connections }, () => connect(`http://127.0.0.1:${port}`));
  try {
    await Promise.all(
      sessions.map((session) => inFlight(1, calls / connections, () => call(session, heavy))),
    );
  } finally {
    for (const session of sessions) {
      session.destroy();
    }
  }
}

async function call(session: ClientHttp2Session, body: Buffer): Promise<void> {
  mustAnswer(await callEngine({ session }, "Unary", [body], headers), body.byteLength);
}

function callEcho({ port }: Engine, calls: number): Promise<number> {
  return runH2load({
    url: `http://127.0.0.1:${port}/fixtures.FixtureService/Unary`,
    calls,
    connections,
    lanesPerConnection: 8,
    headers,
    body: echoed,
    replyBytes: echoed.byteLength,
  });
}

function toScenario(title: string, costs: Costs): TimeScenario {
  const wallOf = (engine: string) =>
    costs.get(engine)?.map(({ wallMicroseconds }) => wallMicroseconds) ?? [];
  const figures = figuresOf(costs, baseline).map((figure) => ({
    ...figure,
    ratio: medianRatio(wallOf(baseline), wallOf(figure.engine)),
  }));
  return { group: "growth", title, per: "call", unit: "µs", baseline, figures };
}
