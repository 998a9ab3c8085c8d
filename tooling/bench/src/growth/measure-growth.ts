import type { MeasureGroup } from "../result.ts";
import { measureConnections } from "./connections.ts";
import { measureTables } from "./tables.ts";
import { measureWorkers } from "./workers.ts";

/** What grows with what: costs with connections and rows, and what is served with workers. */
export const measureGrowth: MeasureGroup = async (options) => [
  ...(await measureConnections(options)),
  ...(await measureTables(options)),
  ...(await measureWorkers(options)),
];
