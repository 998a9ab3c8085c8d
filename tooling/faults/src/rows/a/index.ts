import type { Row } from "../../row.ts";
import {
  connectionFlood,
  connectionWindowOverflow,
  keepaliveAbuse,
  slowloris,
} from "./connections.ts";
import {
  continuationFlood,
  emptyDataFlood,
  pingFlood,
  priorityFlood,
  settingsFlood,
  windowUpdateFlood,
} from "./floods.ts";
import { halfOpenPeer } from "./half-open.ts";
import { hpackBomb, ignoredStreamLimit, oversizeMetadata } from "./heads.ts";
import { afterTheEnd, windowOverflow } from "./made-you-reset.ts";
import { malformedHead, notHttp2AtAll } from "./malformed.ts";
import { misbehavingServer } from "./misbehaving-servers.ts";
import { rapidReset, reconnecting, resetAfterStart } from "./rapid-reset.ts";
import { slowBody, slowRead } from "./slow-peers.ts";
import { badTls, rotation } from "./tls.ts";
import { resetInEveryPhase } from "./trailers.ts";

/** HTTP/2 and connections. */
export const rowsA: readonly Row[] = [
  rapidReset,
  resetInEveryPhase,
  resetAfterStart,
  reconnecting,
  windowOverflow,
  afterTheEnd,
  continuationFlood,
  hpackBomb,
  oversizeMetadata,
  pingFlood,
  settingsFlood,
  priorityFlood,
  windowUpdateFlood,
  emptyDataFlood,
  connectionWindowOverflow,
  keepaliveAbuse,
  slowloris,
  slowBody,
  slowRead,
  connectionFlood,
  halfOpenPeer,
  malformedHead,
  notHttp2AtAll,
  misbehavingServer,
  ignoredStreamLimit,
  badTls,
  rotation,
];
