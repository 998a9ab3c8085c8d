import { type ClientHttp2Session, connect } from "node:http2";
import { callEngine, type Engine, frame, inFlight, type Reply } from "@grpc-kit/testing/bench";
import { callHeaders } from "./engines.ts";
import { h2loadVersion, runH2load } from "./h2load.ts";

/** Makes so many unary calls, so many of them at once. Rejects if one is not answered as it should be. */
export type UnaryDriver = (
  engine: Pick<Engine, "port">,
  lanes: number,
  calls: number,
) => Promise<unknown>;

export const payload: Buffer = Buffer.alloc(64, "ping");
/** What is sent and comes back. */
export const echoed: Buffer = frame({ payload });
const headers = callHeaders();
const lanesPerConnection = 32;

/** h2load where it is installed, since it leaves more of the machine to the server. */
export function unaryDriver(): { readonly name: string; readonly unary: UnaryDriver } {
  const version = h2loadVersion();
  return version === undefined
    ? { name: "the built-in driver, since h2load is not installed", unary: unaryByNode }
    : { name: version, unary: unaryByH2load };
}

/** Resolves with the microseconds that the calls took. */
export const unaryByH2load: UnaryDriver = ({ port }, lanes, calls) =>
  runH2load({
    url: `http://127.0.0.1:${port}/fixtures.FixtureService/Unary`,
    calls,
    connections: Math.ceil(lanes / lanesPerConnection),
    lanesPerConnection: Math.min(lanes, lanesPerConnection),
    headers,
    body: echoed,
    replyBytes: echoed.byteLength,
  });

export const unaryByNode: UnaryDriver = async ({ port }, lanes, calls) => {
  const sessions: ClientHttp2Session[] = [];
  for (let left = lanes; left > 0; left -= lanesPerConnection) {
    sessions.push(connect(`http://127.0.0.1:${port}`));
  }
  const call = async (session: ClientHttp2Session): Promise<void> => {
    const reply = await callEngine({ session }, "Unary", [echoed], headers);
    mustAnswer(reply, echoed.byteLength);
  };
  try {
    await Promise.all(
      sessions.map((session) =>
        inFlight(lanes / sessions.length, calls / sessions.length, () => call(session)),
      ),
    );
  } finally {
    for (const session of sessions) {
      session.destroy();
    }
  }
};

/** Throws unless a call has succeeded and brought so many bytes. */
export function mustAnswer({ status, bytes }: Reply, expectedBytes: number): void {
  if (status !== 0 || bytes !== expectedBytes) {
    throw new Error(
      `a call must end with status 0 after ${expectedBytes} bytes, got ${status} after ${bytes}`,
    );
  }
}
