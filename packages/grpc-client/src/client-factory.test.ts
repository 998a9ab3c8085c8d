import { status } from "@grpc/grpc-js";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { openStub } from "../test/open-stub.ts";
import { serveStreams } from "../test/serve-streams.ts";

const request = Envelope.create();

describe("a client factory", () => {
  it("has one circuit for a method of a target, whatever stub it is called by", async () => {
    const { target } = await serveStreams((stream) => stream.end(status.UNAVAILABLE));
    const { factory, channel, stub } = openStub(target, {
      retry: false,
      circuitBreaker: { threshold: 2 },
    });
    const other = factory.createStub(FixtureServiceService, channel);
    for (const { unary } of [stub, other]) {
      await expect(unary(request)).rejects.toMatchObject({ local: false });
    }
    const refused = { code: status.UNAVAILABLE, local: true, attempts: 0 };
    await expect(stub.unary(request)).rejects.toMatchObject(refused);
    const path = "/fixtures.FixtureService/Unary";
    expect(factory.circuits().filter(({ state }) => state === "OPEN")).toEqual([
      { target, path, state: "OPEN" },
    ]);
    expect(factory.circuits()).toHaveLength(4);
  });

  it("forgets the circuits of a target with the last channel to it", async () => {
    const { factory, channel } = openStub("127.0.0.1:1");
    const other = factory.createChannel("127.0.0.1:1", { credentials: "insecure" });
    const far = factory.createChannel("127.0.0.1:2", { credentials: "insecure" });
    factory.createStub(FixtureServiceService, far);
    await channel.close();
    expect(factory.circuits()).toHaveLength(8);
    await other.close();
    expect(new Set(factory.circuits().map(({ target }) => target))).toEqual(
      new Set(["127.0.0.1:2"]),
    );
  });

  it("closes all its channels, and cancels what runs on them", async () => {
    const { target, streams } = await serveStreams();
    const { factory, channel, stub } = openStub(target);
    const other = factory.createChannel(target, { credentials: "insecure" });
    const call = stub.unary(request);
    const ended = expect(call).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await expect.poll(() => streams.length).toBe(1);
    await factory.close({ graceMs: 0 });
    await ended;
    expect([channel.state, other.state]).toEqual(["SHUTDOWN", "SHUTDOWN"]);
    expect(channel.openCalls).toBe(0);
  });
});
