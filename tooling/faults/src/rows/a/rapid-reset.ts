import { setTimeout as delay } from "node:timers/promises";
import { frame, headers, rstStream } from "@grpc-kit/testing/raw-http2";
import type { Harness } from "../../harness/harness.ts";
import { judge, missUnless, outcomeOf, together } from "../../harness/judge.ts";
import type { Outcome, Row } from "../../row.ts";
import { addressOf } from "../../wire/attacker.ts";
import { bodies, headOf, itemPaths } from "../../wire/items.ts";
import { attackOverLanes } from "../../wire/lanes.ts";
import { refused, sharing } from "./services.ts";

// 1,000 at once and 33 a second: https://nghttp2.org/documentation/nghttp2_option_set_stream_reset_rate_limit.html
const maxResets = 1_100;

export const rapidReset: Row = {
  id: "A1",
  fault: "rapid reset: HEADERS and RST_STREAM in one write (CVE-2023-44487)",
  promise:
    "a connection is cut after 1,100 resets, an address kept out that has spent its budget of resets, others served",
  isQuick: true,
  async run(harness) {
    const oneLane = await resetOver(harness, 1);
    return harness.isQuick
      ? oneLane
      : together({ "1 lane": oneLane, "8 lanes": await resetOver(harness, 8) });
  },
};

async function resetOver(harness: Harness, lanes: number): Promise<Outcome> {
  const service = await harness.service({ env: sharing });
  const head = headOf(service, itemPaths.getItem);
  const { result, ...verdict } = await judge(
    harness,
    service,
    {
      // Eight take both cores of a small machine, and with them the victim's.
      victim: lanes === 1 ? true : "no failures",
      memory: true,
      limit: 100,
      counters: [refused("reset_budget")],
    },
    () =>
      attackOverLanes(service.port, {
        lanes,
        from: addressOf("A1", lanes),
        durationMs: harness.isQuick ? 0 : 10_000,
        // One is cut after some hundred resets, and the budget is of 1,500.
        minConnections: 30,
        strike: (connection, ids) =>
          connection.send(...ids.flatMap((id) => [headers(id, head), rstStream(id)])),
      }),
  );
  const { streams, connections, maxSeen } = result;
  return outcomeOf(verdict, {
    measured: [
      `${streams} streams over ${connections} connections`,
      `cut after ${maxSeen} at the latest`,
    ],
    misses: missUnless(maxSeen <= maxResets, `a connection could reset ${maxSeen} streams`),
  });
}

/** A handler of it waits for the message that does not come. */
const waitingCall =
  (head: Buffer, body: Buffer) =>
  (id: number): Buffer =>
    Buffer.concat([headers(id, head), frame("data", 0, id, body)]);

export const resetAfterStart: Row = {
  id: "A2",
  fault: "rapid reset after the handler has started",
  promise:
    "no more handlers run than the server's limit and the address's share, whatever is reset; the others are refused and counted",
  isQuick: true,
  async run(harness) {
    const share = Number(sharing.GRPC_SERVER_MAX_CONCURRENT_RPCS_PER_PEER);
    const service = await harness.service({ env: sharing });
    const call = waitingCall(
      headOf(service, itemPaths.batchCreateItems),
      bodies.createItem({ name: "a" }),
    );
    const { result, ...verdict } = await judge(
      harness,
      service,
      // The victim has a few of its own.
      {
        victim: "no failures",
        memory: true,
        limit: share + 20,
        counters: [refused("too_many_rpcs_of_peer")],
      },
      () =>
        attackOverLanes(service.port, {
          lanes: 2,
          from: addressOf("A2"),
          durationMs: harness.isQuick ? 700 : 10_000,
          async strike(connection, ids) {
            await connection.send(...ids.map(call));
            await delay(3);
            return connection.send(...ids.map((id) => rstStream(id)));
          },
        }),
    );
    return outcomeOf(verdict, {
      measured: [`${result.streams} calls over ${result.connections} connections`],
    });
  },
};

export const reconnecting: Row = {
  id: "A3",
  fault: "reset and reconnect, 50 and more connections a second",
  promise: "an address gets no more connections than its burst and its rate let in",
  isQuick: false,
  async run(harness) {
    const [burst, perSecond] = [40, 50];
    const service = await harness.service({
      env: {
        GRPC_SERVER_MAX_CONNECTIONS_PER_PEER: String(burst),
        GRPC_SERVER_MAX_CONNECTION_RATE_PER_PEER: String(perSecond),
      },
    });
    const head = headOf(service, itemPaths.getItem);
    let accepted = 0;
    const { result, ...verdict } = await judge(
      harness,
      service,
      {
        victim: "no failures",
        memory: true,
        counters: [refused("connection_rate")],
      },
      async () => {
        const startMs = performance.now();
        await attackOverLanes(service.port, {
          lanes: 8,
          from: addressOf("A3"),
          durationMs: 10_000,
          async strike(connection, [id = 1]) {
            const isOpen = await connection.send(headers(id, head), rstStream(id));
            await Promise.race([connection.closed, delay(20)]);
            // Its SETTINGS have come, so it was let in.
            accepted += connection.counts[4] === undefined ? 0 : 1;
            connection.close();
            return isOpen && false;
          },
        });
        return (performance.now() - startMs) / 1_000;
      },
    );
    const most = burst + perSecond * result + 1;
    return outcomeOf(verdict, {
      measured: [`${accepted} connections let in over ${result.toFixed(1)} s`],
      misses: missUnless(
        accepted <= most,
        `${accepted} connections were let in, more than ${Math.floor(most)}`,
      ),
    });
  },
};
