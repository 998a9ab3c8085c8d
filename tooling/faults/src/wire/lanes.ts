import { setTimeout as delay } from "node:timers/promises";
import { connectRaw, type RawConnection, streamId } from "@grpc-kit/testing/raw-http2";

/** Of one connection. It has a new one whenever the old one is cut. */
const maxStreams = 3_000;
const batch = 50;
// https://www.rfc-editor.org/rfc/rfc9113#section-7
const refusedStream = 7;

export interface Lanes {
  readonly connections: number;
  readonly cut: number;
  readonly streams: number;
  /** Of the streams of one connection, the most that the server has seen before its GOAWAY. */
  readonly maxSeen: number;
  /** Of the streams of one connection, the most that the server has reset, without those that it has refused. */
  readonly maxResets: number;
}

export interface LanesOptions {
  readonly lanes: number;
  /** The address that the attacker has. */
  readonly from: string;
  readonly durationMs: number;
  /** Goes on until so many connections are done with, however long that takes. Default: 1. */
  readonly minConnections?: number;
  /** Sends what is to be done with so many new streams; false once the connection is gone. */
  strike(connection: RawConnection, ids: readonly number[]): Promise<boolean>;
}

/** Attacks over some lanes at once, each with a new connection whenever its old one is cut. */
export async function attackOverLanes(
  port: number,
  { lanes, from, durationMs, minConnections = 1, strike }: LanesOptions,
): Promise<Lanes> {
  const endMs = performance.now() + durationMs;
  let [connections, streams, cut, maxSeen, maxResets] = [0, 0, 0, 0, 0];
  const goesOn = (): boolean => performance.now() < endMs || connections < minConnections;
  async function lane(): Promise<void> {
    while (goesOn()) {
      const connection = await connectRaw(port, { from });
      let opened = 0;
      let isOpen = !connection.isClosed;
      while (isOpen && opened < maxStreams && goesOn()) {
        const first = opened;
        const ids = Array.from({ length: batch }, (_, n) => streamId(first + n));
        opened += batch;
        isOpen = await strike(connection, ids);
      }
      // The server may still have to read what it will cut the connection for.
      await Promise.race([connection.closed, delay(isOpen && opened < maxStreams ? 100 : 5_000)]);
      connections += 1;
      cut += connection.isClosed ? 1 : 0;
      streams += opened;
      maxSeen = Math.max(maxSeen, ((connection.goaway?.lastStreamId ?? -1) + 1) / 2);
      const resets = [...connection.resets.values()].filter((code) => code !== refusedStream);
      maxResets = Math.max(maxResets, resets.length);
      connection.close();
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  return { connections, streams, cut, maxSeen, maxResets };
}
