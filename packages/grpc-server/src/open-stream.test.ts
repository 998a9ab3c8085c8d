import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect, constants, type ServerHttp2Stream } from "node:http2";
import { describe, expect, it, onTestFinished } from "vitest";
import { emptyMessages, openRawCall, statusOf } from "../test/raw-call.ts";
import { serveFixture } from "../test/serve-fixture.ts";

const clientStream = "/fixtures.FixtureService/ClientStream";

describe("the streams of a server", () => {
  it("are each told apart when many begin in one write and some of them are reset in it", async () => {
    const seen: [sent: number, counted: number][] = [];
    const { port } = await serveFixture(
      {},
      {
        observers: [
          {
            onEnd({ headers }, { code, messagesReceived }) {
              if (code === 0) {
                seen.push([Number(headers["x-sent"]), messagesReceived]);
              }
            },
          },
        ],
      },
    );
    const session = connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    await once(session, "connect");
    const answered: Promise<number>[] = [];
    for (let sent = 1; sent <= 20; sent += 1) {
      const stream = session.request({
        ":method": "POST",
        ":path": clientStream,
        "content-type": "application/grpc",
        te: "trailers",
        "x-sent": String(sent),
      });
      stream.on("error", () => {}).resume();
      if (sent % 3 === 0) {
        stream.close(constants.NGHTTP2_CANCEL);
      } else {
        stream.end(emptyMessages(sent));
        answered.push(statusOf(stream));
      }
    }
    expect(new Set(await Promise.all(answered))).toEqual(new Set([0]));
    await expect.poll(() => seen.length).toBe(answered.length);
    expect(seen.every(([sent, counted]) => sent === counted)).toBe(true);
  });

  it("have nothing that listens once they have closed, but for errors that come too late", async () => {
    const streams: ServerHttp2Stream[] = [];
    const onCreated = (message: unknown): void => {
      streams.push((message as { readonly stream: ServerHttp2Stream }).stream);
    };
    subscribe("http2.server.stream.created", onCreated);
    onTestFinished(() => void unsubscribe("http2.server.stream.created", onCreated));
    const { port } = await serveFixture();
    const call = openRawCall(port, clientStream).resume();
    call.end(emptyMessages(3));
    expect(await statusOf(call)).toBe(0);
    await expect.poll(() => streams.map((stream) => stream.eventNames())).toEqual([["error"]]);
    expect(() => streams[0]?.emit("error", new Error("too late"))).not.toThrow();
  });
});
