import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import {
  type Cost,
  callEngine,
  type Engine,
  figuresOf,
  inFlight,
  usageOf,
} from "@grpc-kit/testing/bench";
import type { MeasureGroup, TimeScenario } from "../result.ts";
import { baseline, callHeaders, withServers } from "../servers/engines.ts";
import { echoed, mustAnswer } from "../servers/unary-drivers.ts";

const names = [baseline, "grpc-server", "grpc-server-standard"];
const lanes = 32;
const headers = callHeaders();

/**
 * What a unary call costs servers that have more and more connections. There are always as many calls at a
 * time; each takes the connection that has waited for the longest.
 */
export const measureConnections: MeasureGroup = ({ rounds, isQuick, progress }) =>
  withServers(names, async (engines) => {
    const counts = isQuick ? [1, 10] : [1, 10, 100, 1_000];
    const calls = isQuick ? 64 : 3_200;
    const scenarios: TimeScenario[] = [];
    for (const engine of engines) {
      progress(`growth: connections of ${engine.name}`);
      const costs = new Map(counts.map((count) => [nameOf(count), [] as Cost[]]));
      // The first round warms up.
      for (let round = 0; round <= rounds; round += 1) {
        for (const count of counts) {
          const cost = await costOf(engine, count, calls);
          if (round > 0) {
            costs.get(nameOf(count))?.push(cost);
          }
        }
      }
      scenarios.push({
        group: "growth",
        title: `unary, ${lanes} in flight over all connections of ${engine.name}`,
        per: "call",
        unit: "µs",
        baseline: nameOf(1),
        figures: figuresOf(costs, nameOf(1)),
      });
    }
    return scenarios;
  });

function nameOf(count: number): string {
  return count === 1 ? "1 connection" : `${count.toLocaleString("en")} connections`;
}

async function costOf(engine: Engine, count: number, calls: number): Promise<Cost> {
  const sessions = Array.from({ length: count }, () => connect(`http://127.0.0.1:${engine.port}`));
  try {
    // What a connection costs by itself, and its first call more than others, is not asked here.
    await callAll(sessions, count);
    const [before, startedAt] = [await usageOf(engine), performance.now()];
    await callAll(sessions, calls);
    const wallMicroseconds = (1_000 * (performance.now() - startedAt)) / calls;
    const after = await usageOf(engine);
    const cpuMicroseconds = (after.cpuMicroseconds - before.cpuMicroseconds) / calls;
    return { cpuMicroseconds, wallMicroseconds };
  } finally {
    await Promise.all(sessions.map(close));
  }
}

async function callAll(sessions: readonly ClientHttp2Session[], calls: number): Promise<void> {
  let next = 0;
  await inFlight(Math.min(lanes, calls), calls, async () => {
    const session = sessions[next % sessions.length] as ClientHttp2Session;
    next += 1;
    mustAnswer(await callEngine({ session }, "Unary", [echoed], headers), echoed.byteLength);
  });
}

async function close(session: ClientHttp2Session): Promise<void> {
  if (session.destroyed) {
    return;
  }
  const closed = once(session, "close");
  session.destroy();
  await closed;
}
