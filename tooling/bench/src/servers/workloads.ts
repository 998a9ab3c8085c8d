import {
  callEngine,
  type Engine,
  frame,
  inFlight,
  pingPong,
  type Work,
} from "@grpc-kit/testing/bench";
import { callHeaders } from "./engines.ts";
import { echoed, mustAnswer, payload, unaryDriver } from "./unary-drivers.ts";

export interface Workload extends Work {
  readonly title: string;
  readonly per: "call" | "message";
}

const headers = callHeaders();
const longTitle = "20,000 messages";

/** Streams of so many messages each, one after the other. */
function streams(
  title: string,
  calls: number,
  messages: number,
  make: (engine: Engine, messages: number) => Promise<void>,
): Workload {
  return {
    title,
    per: "message",
    count: calls * messages,
    run: (engine) => inFlight(1, calls, () => make(engine, messages)),
  };
}

async function serverStream(engine: Engine, messages: number): Promise<void> {
  const request = frame({ payload, count: BigInt(messages) });
  const reply = await callEngine(engine, "ServerStream", [request], headers);
  mustAnswer(reply, messages * echoed.byteLength);
}

async function clientStream(engine: Engine, messages: number): Promise<void> {
  const chunk = Buffer.concat(Array(100).fill(echoed));
  const reply = await callEngine(
    engine,
    "ClientStream",
    Array(messages / 100).fill(chunk),
    headers,
  );
  mustAnswer(reply, frame({ count: BigInt(messages) }).byteLength);
}

async function bidi(engine: Engine, messages: number): Promise<void> {
  mustAnswer(await pingPong(engine, echoed, messages, headers), messages * echoed.byteLength);
}

/** All that servers are measured by. A smoke run makes a twentieth of the calls. */
export function workloads(isQuick: boolean): readonly Workload[] {
  const [scale, long] = isQuick ? [0.05, 1_000] : [1, 20_000];
  const { unary } = unaryDriver();
  return [
    ...[1, 32, 256].map((lanes): Workload => {
      const count = (lanes === 1 ? 2_000 : 5_120) * scale;
      return {
        title: `unary, ${lanes} in flight`,
        per: "call",
        count,
        run: (engine) => unary(engine, lanes, count),
      };
    }),
    streams("server stream of 100 messages", 60 * scale, 100, serverStream),
    streams("client stream of 100 messages", 60 * scale, 100, clientStream),
    streams("ping-pong of 100 messages", 20 * scale, 100, bidi),
    streams(`server stream of ${longTitle}`, 1, long, serverStream),
    streams(`client stream of ${longTitle}`, 1, long, clientStream),
  ];
}
