import type { Row } from "../../row.ts";
import { greedyPeer, tooManyCalls } from "./admission.ts";
import { thunderingHerd } from "./herd.ts";
import { afterThePulse, overload } from "./overload.ts";
import { outOfFiles, soak, stalledLoop } from "./process.ts";
import { benignCancels, nestedRetries, pushback, retryStorm } from "./retries.ts";
import { cancelStorm, endlessBatch, idleStream, parkedHandler, slowConsumer } from "./streams.ts";

export const rowsF: readonly Row[] = [
  tooManyCalls,
  overload,
  afterThePulse,
  retryStorm,
  nestedRetries,
  pushback,
  thunderingHerd,
  greedyPeer,
  cancelStorm,
  benignCancels,
  parkedHandler,
  idleStream,
  endlessBatch,
  slowConsumer,
  stalledLoop,
  soak,
  outOfFiles,
];
