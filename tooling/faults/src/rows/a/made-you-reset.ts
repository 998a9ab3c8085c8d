import { flags, frame, headers, windowUpdate } from "@grpc-kit/testing/raw-http2";
import type { Harness } from "../../harness/harness.ts";
import { judge, missUnless, outcomeOf, together } from "../../harness/judge.ts";
import type { Outcome, Row } from "../../row.ts";
import { addressOf } from "../../wire/attacker.ts";
import { bodies, callFrames, headOf, itemPaths } from "../../wire/items.ts";
import { attackOverLanes } from "../../wire/lanes.ts";
import { sharing, startedOf } from "./services.ts";

/** What makes the server reset the stream. */
type Wrong = (id: number, head: Buffer) => Buffer;

const maxResets = 200;

const selfDependency: Wrong = (id) =>
  frame("priority", 0, id, Buffer.from([...frame("data", 0, id).subarray(5, 9), 15]));

const variants: Readonly<Record<string, Wrong>> = {
  "headers after the end": (id, head) => headers(id, head, flags.endStream),
  "data after the end": (id) => frame("data", 0, id, Buffer.alloc(5)),
  "window of 0": (id) => windowUpdate(id, 0),
  "dependency on itself": selfDependency,
};

export const windowOverflow: Row = {
  id: "A4",
  fault: "MadeYouReset: a stream's window overflows (CVE-2025-8671)",
  promise: "the server resets no more than 200 streams of a connection before that is gone",
  isQuick: true,
  run: (harness) => provoke(harness, "A4", (id) => windowUpdate(id, 2 ** 31 - 1)),
};

export const afterTheEnd: Row = {
  id: "A5",
  fault: "MadeYouReset: HEADERS or DATA after END_STREAM, a window of 0, a dependency on itself",
  promise: "as A4",
  isQuick: true,
  async run(harness) {
    const outcomes: Record<string, Outcome> = {};
    for (const [name, wrong] of Object.entries(variants).slice(
      0,
      harness.isQuick ? 2 : undefined,
    )) {
      outcomes[name] = await provoke(harness, "A5", wrong);
    }
    return together(outcomes);
  },
};

async function provoke(harness: Harness, id: string, wrong: Wrong): Promise<Outcome> {
  const service = await harness.service({ env: sharing });
  // Not the victim's method, so that it can be counted.
  const head = headOf(service, itemPaths.listItems);
  const body = bodies.listItems(1);
  const startsBefore = startedOf(await service.metrics(), "ListItems");
  const { result, ...verdict } = await judge(
    harness,
    service,
    { victim: true, memory: true, limit: 60 },
    () =>
      attackOverLanes(service.port, {
        lanes: 1,
        from: addressOf(id),
        durationMs: harness.isQuick ? 200 : 2_500,
        strike: (connection, ids) =>
          connection.send(...ids.flatMap((n) => [callFrames(n, head, body), wrong(n, head)])),
      }),
  );
  const starts = startedOf(await service.metrics(), "ListItems") - startsBefore;
  const { connections, maxResets: resets } = result;
  return outcomeOf(verdict, {
    measured: [
      `${connections} connections`,
      `${(starts / connections).toFixed(1)} handlers and at most ${resets} resets of each`,
    ],
    misses: missUnless(
      resets <= maxResets,
      `the server has reset ${resets} streams of one connection, more than ${maxResets}`,
    ),
  });
}
