import { callHead } from "@grpc-kit/testing/hpack";
import {
  connectRaw,
  type FrameType,
  flags,
  frame,
  headers,
  type RawConnection,
  rstStream,
  settings,
  streamId,
  uint32,
  windowUpdate,
} from "@grpc-kit/testing/raw-http2";
import fc from "fast-check";
import type { Row } from "../row.ts";
import { framed } from "../wire/framing.ts";
import { itemPaths } from "../wire/items.ts";
import { fuzzRow } from "./fuzz-row.ts";

const types: readonly FrameType[] = [
  "data",
  "headers",
  "priority",
  "rstStream",
  "settings",
  "continuation",
];

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
  path: fc.constantFrom(
    ...Object.values(itemPaths),
    "/no.Service/Method",
    "/grpc.health.v1.Health/Watch",
  ),
  timeout: fc.constantFrom("1m", "20m", "1S", "wrong"),
  contentType: fc.constantFrom("application/grpc", "application/grpc", "text/html"),
  hasToken: fc.boolean(),
  isLast: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 20 }),
  number: fc.nat(2 ** 31 - 1),
  type: fc.constantFrom(...types),
  /** Whether it leaves at once, or together with what comes next. */
  isFlushed: fc.boolean(),
});

type Move = typeof move extends fc.Arbitrary<infer Value> ? Value : never;

interface Game {
  readonly moves: readonly Move[];
  readonly ending: "wait" | "destroy" | "end" | "reset";
}

const games: fc.Arbitrary<Game> = fc.record({
  moves: fc.array(move, { minLength: 1, maxLength: 12 }),
  ending: fc.constantFrom("wait", "destroy", "end", "reset"),
});

function lastMessage(id: number): Buffer {
  return frame("data", flags.endStream, id, framed(Buffer.alloc(0)));
}

/** The frames of a client that makes these moves. */
function framesOf(moves: readonly Move[], token: string): Buffer[] {
  let opened = 0;
  return moves.map(({ kind, stream, isLast, number, type, bytes, ...head }) => {
    const id = streamId(opened === 0 ? 0 : stream % opened);
    const end = isLast ? flags.endStream : 0;
    const content = Buffer.from(bytes);
    switch (kind) {
      case "open":
      case "call": {
        const own = streamId(opened);
        const more = {
          "grpc-timeout": head.timeout,
          "content-type": head.contentType,
          ...(head.hasToken ? { authorization: `Bearer ${token}` } : {}),
        };
        opened += 1;
        const opening = headers(own, callHead(head.path, more), kind === "open" ? end : 0);
        return kind === "open" ? opening : Buffer.concat([opening, lastMessage(own)]);
      }
      case "message":
        return frame("data", end, id, framed(content));
      case "half":
        return frame("data", end, id, framed(content, { length: number }));
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
        return frame(type, number % 256, stream, content);
    }
  });
}

async function play(peer: RawConnection, { moves, ending }: Game, token: string): Promise<string> {
  let together: Buffer[] = [];
  for (const [n, bytes] of framesOf(moves, token).entries()) {
    together.push(bytes);
    if (moves[n]?.isFlushed || n === moves.length - 1) {
      await peer.send(...together);
      together = [];
    }
  }
  if (ending === "wait") {
    const heard = new Promise<void>((resolve) => peer.socket.once("data", () => resolve()));
    await Promise.race([heard, peer.closed, new Promise((resolve) => setTimeout(resolve, 50))]);
  } else if (ending === "end") {
    peer.socket.end();
  } else if (ending === "reset") {
    peer.socket.resetAndDestroy();
  }
  const name = peer.goaway === undefined ? "no GOAWAY" : `GOAWAY ${peer.goaway.code}`;
  peer.close();
  return name;
}

export const frames: Row = fuzzRow<Game>({
  id: "Z2",
  fault: "frames of HTTP/2 in any order, and peers that go in the midst of them",
  promise:
    "nothing ends the process, and no handler is left running (on Node.js 22 its HTTP/2 may abort: not promised)",
  isQuick: !process.versions.node.startsWith("22."),
  cases: games,
  prepare({ port, ...service }) {
    const token = service.token();
    return async (game) => ({
      name: await play(await connectRaw(port), game, token),
      fault: undefined,
    });
  },
});
