import { callHead } from "@grpc-kit/testing/hpack";
import {
  connectRaw,
  type FrameType,
  flags,
  frame,
  headers,
  rstStream,
  settings,
  streamId,
  uint32,
  windowUpdate,
} from "@grpc-kit/testing/raw-http2";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Method, paths } from "./fault-service.ts";
import { report, serveProcess, startVictim, victimFigures } from "./processes.ts";
import { message } from "./raw-calls.ts";

const methods = Object.keys(paths) as Method[];
const types: readonly FrameType[] = ["data", "headers", "priority", "rstStream", "settings"];

/** What a client may do next, on one of the streams that it has opened. */
const move = fc.record({
  kind: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom("open", "call") },
    { weight: 3, arbitrary: fc.constantFrom("message", "end", "reset") },
    {
      weight: 1,
      arbitrary: fc.constantFrom("half", "window", "settings", "ping", "goaway", "any"),
    },
  ),
  stream: fc.nat(20),
  path: fc.constantFrom(...methods.map((name) => paths[name]), "/no.Service/Method"),
  timeout: fc.constantFrom("1m", "20m", "1S", "wrong"),
  contentType: fc.constantFrom("application/grpc", "application/grpc", "text/html"),
  isLast: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 20 }),
  number: fc.nat(2 ** 31 - 1),
  type: fc.constantFrom(...types),
  /** Whether it leaves at once, or together with what comes next. */
  isFlushed: fc.boolean(),
});

type Move = typeof move extends fc.Arbitrary<infer Value> ? Value : never;

function lastMessage(id: number): Buffer {
  return frame("data", flags.endStream, id, message(Buffer.alloc(0)));
}

/** The frames of a client that makes these moves. */
function framesOf(moves: readonly Move[]): Buffer[] {
  let opened = 0;
  return moves.map(({ kind, stream, path, timeout, contentType, isLast, number, type, ...of }) => {
    const id = streamId(opened === 0 ? 0 : stream % opened);
    const end = isLast ? flags.endStream : 0;
    const bytes = Buffer.from(of.bytes);
    switch (kind) {
      case "open":
      case "call": {
        const own = streamId(opened);
        const more = { "grpc-timeout": timeout, "content-type": contentType, "sleep-ms": "2" };
        opened += 1;
        return kind === "open"
          ? headers(own, callHead(path, more), end)
          : Buffer.concat([headers(own, callHead(path, more)), lastMessage(own)]);
      }
      case "message":
        return frame("data", end, id, message(bytes));
      case "half":
        return frame("data", end, id, message(bytes, { length: number }));
      case "end":
        return lastMessage(id);
      case "reset":
        return rstStream(id, number % 14);
      case "window":
        return windowUpdate(isLast ? id : 0, number);
      case "settings":
        return settings({ [1 + (stream % 6)]: number % 100_000 });
      case "ping":
        return frame("ping", end, 0, Buffer.alloc(8));
      case "goaway":
        return frame("goaway", 0, 0, Buffer.concat([uint32(0), uint32(number % 14)]));
      default:
        return frame(type, number % 256, stream, bytes);
    }
  });
}

// Its HTTP/2 aborts the process by itself, see check-node.ts.
const isNode22 = process.versions.node.startsWith("22.");
if (isNode22) {
  report("A22 frames", { skipped: "Node.js 22 aborts when a peer breaks the protocol" });
}

it.skipIf(isNode22)("A22: outlives any frames in any order", { timeout: 60_000 }, async () => {
  const unlimited = { burst: 1_000_000, perSecond: 1_000_000 };
  const server = await serveProcess({
    connections: { ratePerPeer: 100_000, resetBudget: unlimited },
    // After some protocol errors Node does not see that a peer has gone; only this does.
    keepalive: { timeMs: 1_000, timeoutMs: 500 },
  });
  const victim = await startVictim(server.port);
  const runs = 2_000;
  const ending = fc.constantFrom("wait", "destroy", "end", "reset");
  const game = fc.array(move, { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(game, ending, async (moves, end) => {
      const attacker = await connectRaw(server.port);
      let together: Buffer[] = [];
      for (const [n, bytes] of framesOf(moves).entries()) {
        together.push(bytes);
        if (moves[n]?.isFlushed || n === moves.length - 1) {
          await attacker.send(...together);
          together = [];
        }
      }
      if (end === "wait") {
        const isHeard = () => attacker.isClosed || attacker.counts[4] !== undefined;
        await expect.poll(isHeard, { interval: 1 }).toBe(true);
      } else if (end === "end") {
        attacker.socket.end();
      } else if (end === "reset") {
        attacker.socket.resetAndDestroy();
      }
      attacker.close();
      expect(await server.fatal()).toEqual([]);
    }),
    // What it does to the server stays, and a smaller case would only look as if it did the same.
    { numRuns: runs, endOnFailure: true },
  );
  const calls = await victim.isWell();
  const left = async () => (await server.stats()).server;
  await expect.poll(left, { timeout: 15_000 }).toMatchObject({ connections: 1 });
  const after = await server.isAlive();
  report("A22 frames", { runs, starts: after.starts, ...victimFigures(calls) });
  expect(Object.keys(after.starts).sort()).toEqual([...methods].sort());
});
