import { type Engine, signToken, startEngine, stopEngine } from "@grpc-kit/testing/bench";
import { checkEngine } from "./check-engine.ts";

export const baseline = "grpc-js";

/** Each is the program `<engine>.ts` beside this file, in the order of the report. */
export const serverEngines: readonly string[] = [
  "http2",
  "grpc-js",
  "grpc-server",
  "nice-grpc",
  "connect",
  "grpc-server-standard",
  "nice-grpc-full",
];

/** What every call brings, to all engines: as a call of a service does that has auth and deadlines. */
export function callHeaders(): Readonly<Record<string, string>> {
  return {
    authorization: `Bearer ${signToken()}`,
    "x-request-id": "0f3c9a",
    "grpc-timeout": "60S",
  };
}

/** Starts an engine, and makes sure that it answers as it should. */
async function startServer(name: string): Promise<Engine> {
  const engine = await startEngine(new URL(`${name}.ts`, import.meta.url), name);
  try {
    await checkEngine(engine, callHeaders());
    return engine;
  } catch (error) {
    stopEngine(engine);
    throw error;
  }
}

/** Has all engines started while something is done with them. */
export async function withServers<Result>(
  names: readonly string[],
  use: (engines: readonly Engine[]) => Promise<Result>,
): Promise<Result> {
  const started = await Promise.allSettled(names.map(startServer));
  const engines = started.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  try {
    for (const start of started) {
      if (start.status === "rejected") {
        throw start.reason;
      }
    }
    return await use(engines);
  } finally {
    engines.forEach(stopEngine);
  }
}
