import type { Row } from "../../row.ts";
import { answersAreNoFailures, clockIsSet, halfOpen, threeHops } from "./client.ts";
import { halfABatch, lostUpdates, movingPages, sameKey } from "./data.ts";
import {
  databaseOutage,
  flappingDatabase,
  lateDatabase,
  lostCommit,
  slowDatabase,
} from "./database.ts";
import { peerClock } from "./peer-clock.ts";
import { connectionAge, killedServer, rollingRestart, silentServer } from "./restarts.ts";
import {
  cancelledWork,
  healthOrder,
  openStreamsAtTheEnd,
  secondSignal,
  silentConnection,
} from "./stops.ts";

export const rowsG: readonly Row[] = [
  rollingRestart,
  killedServer,
  openStreamsAtTheEnd,
  silentConnection,
  healthOrder,
  secondSignal,
  connectionAge,
  lateDatabase,
  databaseOutage,
  slowDatabase,
  flappingDatabase,
  lostCommit,
  halfABatch,
  sameKey,
  lostUpdates,
  movingPages,
  threeHops,
  cancelledWork,
  halfOpen,
  answersAreNoFailures,
  clockIsSet,
  silentServer,
  peerClock,
];
