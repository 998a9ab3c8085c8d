import { Metadata } from "@grpc/grpc-js";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { openStub } from "../../test/open-stub.ts";
import { serveStreams } from "../../test/serve-streams.ts";

const request = Envelope.create();

describe("metadata", () => {
  it.each([
    ["connection", ["close"]],
    ["transfer-encoding", ["chunked"]],
    ["content-length", ["5"]],
    [":odd", ["x"]],
    ["date", ["today", "tomorrow"]],
    ["authorization", ["Bearer a", "Bearer b"]],
  ])("that cannot be sent is refused, and drops no other call: %s", async (key, values) => {
    const server = await serveStreams((stream) => {
      stream.send({});
    });
    const { stub, channel } = openStub(server.target);
    const other = stub.serverStream(request);
    await other.next();
    const metadata = new Metadata();
    for (const value of values) {
      metadata.add(key, value);
    }
    const call = stub.unary(request, { metadata });
    await expect(call).rejects.toThrow(TypeError);
    await expect(call).rejects.toThrow(key);
    expect(channel.openCalls).toBe(1);
    const [open] = server.streams;
    open?.send({});
    await other.next();
    open?.end();
    expect(await other.next()).toMatchObject({ done: true });
    expect(server.streams).toHaveLength(1);
  });

  it("may have several values of other keys", async () => {
    const server = await serveStreams((stream) => {
      stream.send({});
      stream.end();
    });
    const { stub } = openStub(server.target);
    const metadata = new Metadata();
    metadata.add("x-of", "a");
    metadata.add("x-of", "b");
    await stub.unary(request, { metadata });
    expect(server.streams[0]?.headers["x-of"]).toBe("a, b");
  });
});
