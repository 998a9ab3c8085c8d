import { once } from "node:events";
import { connect, createServer } from "node:http2";
import { type AddressInfo, Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { Connection } from "./connection.ts";
import { resolveConnectionOptions } from "./connection-options.ts";
import { Peers } from "./peers.ts";

/** Both ends of an HTTP/2 connection; `pings` counts those that reach the client. */
async function connectedPair() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [session] = await once(server, "session");
  let pings = 0;
  client.on("ping", () => {
    pings += 1;
  });
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  return { session, client, pings: () => pings };
}

function newConnection(): Connection {
  const peer = new Peers(resolveConnectionOptions()).connect(undefined);
  if (typeof peer === "string") {
    throw new Error(`refused: ${peer}`);
  }
  return new Connection(new Socket(), peer);
}

describe("roundTrip", () => {
  it("settles once the peer has answered, and shares a PING that has not left yet", async () => {
    const { session, pings } = await connectedPair();
    const connection = newConnection();
    connection.session = session;
    await Promise.all(Array.from({ length: 100 }, () => connection.roundTrip()));
    expect(pings()).toBe(2);
    await connection.roundTrip();
    expect(pings()).toBe(3);
  });

  it("settles when the connection is lost meanwhile, and when it is lost already", async () => {
    const { session, client } = await connectedPair();
    const connection = newConnection();
    connection.session = session;
    const waiting = [connection.roundTrip(), connection.roundTrip()];
    client.destroy();
    session.destroy();
    await Promise.all(waiting);
    await connection.roundTrip();
  });

  it("settles at once where there has been no call, and so no session", async () => {
    await newConnection().roundTrip();
  });
});

describe("retire", () => {
  it("tells the peer to make no more calls, and serves those that it has sent before", async () => {
    const { session, client } = await connectedPair();
    const connection = newConnection();
    connection.session = session;
    const told: number[] = [];
    client.on("goaway", (_code, lastStreamId) => told.push(lastStreamId));
    const first = connection.retire();
    expect(connection.retire()).toBe(first);
    await first;
    await expect.poll(() => told.length).toBeGreaterThan(0);
    expect(told[0]).toBe(2 ** 31 - 1);
    expect(session.closed).toBe(true);
  });

  it("does nothing where there has been no call", async () => {
    await newConnection().retire();
  });
});
