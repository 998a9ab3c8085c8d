import { join } from "node:path";
import { Registry } from "prom-client";
import { sumsOf } from "../interceptors/serve-standard.ts";
import { type LoggedLine, type ServedItems, serveItems } from "../serve.ts";

/** What the metrics have of the calls of one method. */
export interface CountedCalls {
  readonly started: number;
  readonly inFlight: number;
  /** How many calls have ended, by the name that Go has for their code. */
  readonly handled: Readonly<Record<string, number>>;
}

/** The whole service, and what it writes down. */
export interface WatchedItems extends ServedItems {
  readonly registry: Registry;
  readonly databasePath: string;
  /** By "CreateItem". */
  counted(method: string): Promise<CountedCalls>;
  /** The log lines of the calls of a method that have ended. */
  finished(method: string): readonly LoggedLine[];
}

/** Starts the whole service. */
export async function serveWatched(
  environment: Readonly<Record<string, string>> = {},
): Promise<WatchedItems> {
  const registry = new Registry();
  const served = await serveItems({ registry }, environment);
  return {
    ...served,
    registry,
    databasePath: join(served.dataFolder, "item-service.db"),
    counted: (method) => countedCalls(registry, method),
    finished: (method) =>
      served.logged.filter(
        (line) => line.message === "finished call" && line["grpc.method"] === method,
      ),
  };
}

async function countedCalls(registry: Registry, method: string): Promise<CountedCalls> {
  const started = await sumsOf(registry, "grpc_server_started_total");
  const inFlight = await sumsOf(registry, "grpckit_server_calls_in_flight");
  const handled: Record<string, number> = {};
  for (const [key, calls] of await sumsOf(registry, "grpc_server_handled_total")) {
    const [of, code] = key.split(" ");
    if (of === method && code !== undefined && calls > 0) {
      handled[code] = calls;
    }
  }
  return { started: started.get(method) ?? 0, inFlight: inFlight.get(method) ?? 0, handled };
}
