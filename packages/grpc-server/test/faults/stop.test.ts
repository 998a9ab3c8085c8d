import { setTimeout as delay } from "node:timers/promises";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { callHead } from "@grpc-kit/testing/hpack";
import {
  connectRaw,
  flags,
  frame,
  headers,
  preface,
  type RawConnection,
  settings,
} from "@grpc-kit/testing/raw-http2";
import { expect, it } from "vitest";
import { paths } from "./fault-service.ts";
import { report, serveProcess } from "./processes.ts";
import { message } from "./raw-calls.ts";

const hello = [preface, settings()];
const mebibyte = 1024 * 1024;
const many = Envelope.encode(Envelope.create({ count: 64n, index: BigInt(mebibyte) })).finish();

const stubborn: Record<string, (port: number) => Promise<RawConnection>> = {
  "says nothing": (port) => connectRaw(port, { hello: [] }),
  "has said half of the preface": (port) => connectRaw(port, { hello: [preface.subarray(0, 12)] }),
  "has said hello only": (port) => connectRaw(port, { hello }),
  "has left its head unfinished": (port) =>
    connectRaw(port, { hello: [...hello, frame("headers", 0, 1)] }),
  "has left its body unfinished": (port) =>
    connectRaw(port, { hello: [...hello, headers(1, callHead(paths.unary))] }),
  "streams without end": (port) =>
    connectRaw(port, { hello: [...hello, headers(1, callHead(paths.bidi))] }),
  "calls what takes long": (port) => {
    const head = callHead(paths.unary, { "sleep-ms": "60000" });
    const body = frame("data", flags.endStream, 1, Buffer.alloc(5));
    return connectRaw(port, { hello: [...hello, headers(1, head), body] });
  },
  "reads no answer": (port) =>
    connectRaw(port, {
      isReading: false,
      hello: [
        preface,
        settings({ 4: 0 }),
        headers(1, callHead(paths.serverStream)),
        frame("data", flags.endStream, 1, message(Buffer.from(many))),
      ],
    }),
};

/** Settles once the connection is gone, which one that does not read would not notice. */
async function isGone({ socket, closed }: RawConnection): Promise<void> {
  socket.resume();
  await closed;
}

it("G3 G4: stops within its grace, whatever its peers do", async () => {
  const graceMs = 1_000;
  const server = await serveProcess();
  const peers = await Promise.all(Object.values(stubborn).map((connect) => connect(server.port)));
  await expect.poll(async () => (await server.stats()).running).toBe(3);
  const stoppedAfterMs = await server.stop(graceMs);
  await Promise.all(peers.map(isGone));
  const { fatal, resources } = await server.stats();
  report("G3 G4", { stoppedAfterMs, resources });
  expect(fatal).toEqual([]);
  expect(stoppedAfterMs).toBeLessThan(graceMs + 3_000);
});

it.each(Object.entries(stubborn))("G4: is held up by no peer that %s", async (name, connect) => {
  const server = await serveProcess();
  const peer = await connect(server.port);
  // Until the server has read what the peer says.
  await delay(100);
  const stoppedAfterMs = await server.stop(200);
  await isGone(peer);
  const { fatal } = await server.stats();
  report(`G4 ${name}`, { stoppedAfterMs });
  expect(fatal).toEqual([]);
  expect(stoppedAfterMs).toBeLessThan(3_200);
});
