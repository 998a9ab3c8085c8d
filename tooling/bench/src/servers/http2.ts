/** node:http2 and ts-proto's code, and of gRPC no more than the fixture service needs: the floor. */
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { frame, tellUsage } from "@grpc-kit/testing/bench";
import { Envelope } from "@grpc-kit/testing/fixtures";

type Method = (stream: ServerHttp2Stream) => Promise<void>;

const methods: Readonly<Record<string, Method>> = {
  "/fixtures.FixtureService/Unary": async (stream) => {
    for await (const message of messagesOf(stream)) {
      stream.end(frame(message));
    }
  },
  "/fixtures.FixtureService/ServerStream": async (stream) => {
    for await (const { count, payload } of messagesOf(stream)) {
      const message = Envelope.create({ payload });
      for (let left = count; left > 0n; left -= 1n) {
        await write(stream, message);
      }
    }
    stream.end();
  },
  "/fixtures.FixtureService/ClientStream": async (stream) => {
    let count = 0n;
    for await (const _ of messagesOf(stream)) {
      count += 1n;
    }
    stream.end(frame({ count }));
  },
  "/fixtures.FixtureService/Bidi": async (stream) => {
    for await (const message of messagesOf(stream)) {
      await write(stream, message);
    }
    stream.end();
  },
};

async function write(stream: ServerHttp2Stream, message: Envelope): Promise<void> {
  if (!stream.write(frame(message))) {
    await new Promise((resolve) => stream.once("drain", resolve));
  }
}

async function* messagesOf(stream: ServerHttp2Stream): AsyncGenerator<Envelope> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    rest = rest.byteLength === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    while (rest.byteLength >= start + 5) {
      const end = start + 5 + rest.readUInt32BE(start + 1);
      if (end > rest.byteLength) {
        break;
      }
      yield Envelope.decode(rest.subarray(start + 5, end));
      start = end;
    }
    rest = rest.subarray(start);
  }
}

const server = createServer();
server.on("stream", (stream: ServerHttp2Stream, { ":path": path }) => {
  stream.respond(
    { ":status": 200, "content-type": "application/grpc+proto" },
    { waitForTrailers: true },
  );
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  // A peer that goes away is not the server's fault.
  stream.on("error", () => {});
  methods[path ?? ""]?.(stream).catch(() => stream.close());
});
server.listen(0, "127.0.0.1", () => tellUsage((server.address() as AddressInfo).port));
