import { once } from "node:events";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { Connection, trackConnections } from "./connection.ts";

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

describe("roundTrip", () => {
  it("settles once the peer has answered, and shares a PING that has not left yet", async () => {
    const { session, pings } = await connectedPair();
    const connection = new Connection();
    connection.session = session;
    await Promise.all(Array.from({ length: 100 }, () => connection.roundTrip()));
    expect(pings()).toBe(2);
    await connection.roundTrip();
    expect(pings()).toBe(3);
  });

  it("settles when the connection is lost meanwhile, and when it is lost already", async () => {
    const { session, client } = await connectedPair();
    const connection = new Connection();
    connection.session = session;
    const waiting = [connection.roundTrip(), connection.roundTrip()];
    client.destroy();
    session.destroy();
    await Promise.all(waiting);
    await connection.roundTrip();
  });

  it("waits a while where the session is unknown", async () => {
    const startMs = performance.now();
    await new Connection().roundTrip();
    expect(performance.now() - startMs).toBeGreaterThan(15);
  });
});

describe("trackConnections", () => {
  it("knows no connection outside of one", () => {
    const connections = trackConnections();
    onTestFinished(connections.close);
    expect(connections.current()).toBeUndefined();
    connections.open(() => expect(connections.current()).toBeInstanceOf(Connection));
  });
});
