import { promises } from "node:dns";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { callOn, callTimes, openChannel } from "../../test/channel-call.ts";
import { startServer } from "../../test/channel-server.ts";
import { resolveTarget } from "./target.ts";

const patience = { timeout: 15_000 };

describe("a target", () => {
  it.each([
    ["dns:///items.shop:50051", "items.shop"],
    ["dns:items.shop:50051", "items.shop"],
    ["dns://1.1.1.1/items.shop:50051", "items.shop"],
    ["items.shop:50051", "items.shop"],
    ["items.shop", "items.shop"],
    ["localhost:50051", "localhost"],
    ["ipv4:10.0.0.1:50051,10.0.0.2:50051", "10.0.0.1"],
    ["ipv6:[::1]:50051", "::1"],
    ["[::1]:50051", "::1"],
    ["unix:///run/items.sock", "localhost"],
    ["unix:run/items.sock", "localhost"],
    ["xds:///items.shop:1", "items.shop"],
  ])("is what it says: %s, whose host is %s", (target, host) => {
    expect(resolveTarget(target)).toMatchObject({ name: target, uri: target, host });
  });

  it.each([
    [["10.0.0.1:1", "10.0.0.2:2"], "ipv4:10.0.0.1:1,10.0.0.2:2", "10.0.0.1"],
    [["[::1]:1", "[::2]:2"], "ipv6:[::1]:1,[::2]:2", "::1"],
    [["one:1", "10.0.0.2:2", "[::2]:2"], "grpc-kit-list:one:1,10.0.0.2:2,[::2]:2", "one"],
  ])("may be a list: %o", (target, uri, host) => {
    expect(resolveTarget(target)).toMatchObject({ name: target.join(","), uri, host });
  });

  it.each([
    ["localhost:1", true],
    ["dns:///localhost:1", true],
    ["127.0.0.1:1", true],
    ["[::1]:1", true],
    ["unix:/run/items.sock", true],
    ["ipv4:127.0.0.1:1,127.9.9.9:1", true],
    [["localhost:1", "[::1]:1"], true],
    ["ipv4:127.0.0.1:1,10.0.0.1:1", false],
    [["127.0.0.1:1", "10.0.0.1:1"], false],
    ["127.0.0.1.example.com:1", false],
    ["localhost.example.com:1", false],
    ["xds:///localhost.items:1", false],
    ["items.shop:1", false],
  ])("is on this machine or not: %o, %o", (target, isLocal) => {
    expect(resolveTarget(target).isLocal).toBe(isLocal);
  });

  it.each([
    ["", "target must be a target of gRPC such as \"dns:///host:50051\", got ''"],
    ["a b", /^target must be a target of gRPC/],
    ["https://items.shop", /^target must be a target of gRPC/],
    [[], "target must be a text, or a list of them, got []"],
    [undefined, "target must be a text, or a list of them, got undefined"],
    [["host"], "target must be of addresses such as \"10.0.0.1:50051\", got 'host'"],
    [["dns:///host:1"], /^target must be of addresses/],
    [["a:1,b:2"], /^target must be of addresses/],
    [["::1"], /^target must be of addresses/],
    [[1], /^target must be of addresses/],
  ])("may not be %o", (target, message) => {
    expect(() => resolveTarget(target as string)).toThrow(message);
  });
});

/** A name too long to be asked for in DNS. */
function nobody(port: number): string {
  return `${"x".repeat(64)}.invalid:${port}`;
}

/** What `lookup` of node:dns finds, for grpc-js too. */
function stubLookup(find: (name: string) => string): void {
  const lookup = async (name: string) => [{ address: find(name), family: 4 }];
  const stub = vi.spyOn(promises, "lookup").mockImplementation(lookup as never);
  onTestFinished(() => stub.mockRestore());
}

describe("a name in DNS", () => {
  it("is looked up again when a connection ends", async () => {
    const first = await startServer();
    const second = await startServer({ host: "127.0.0.2", port: first.port });
    let address = "127.0.0.1";
    stubLookup(() => address);
    const channel = openChannel(`dns:///items.test:${first.port}`, { minResolutionIntervalMs: 50 });
    expect(await callTimes(channel, 3)).toEqual({ OK: 3 });
    address = "127.0.0.2";
    await first.drain();
    expect(await callTimes(channel, 3, { waitForReady: true })).toEqual({ OK: 3 });
    expect([first.calls, second.calls]).toEqual([3, 3]);
  });
});

describe("a list with names", () => {
  it("has the addresses of a name once somebody knows them, and keeps them", async () => {
    const first = await startServer();
    const second = await startServer({ host: "127.0.0.2", port: first.port });
    let isKnown = false;
    let lookups = 0;
    stubLookup((name) => {
      lookups += 1;
      if (name === "late.test" && !isKnown) {
        throw new Error("nobody knows");
      }
      return "127.0.0.2";
    });
    const channel = openChannel([first.target, `late.test:${first.port}`], {
      reconnectBackoff: { initialMs: 20, maxMs: 50 },
      minResolutionIntervalMs: 20,
    });
    expect(await callTimes(channel, 10)).toEqual({ OK: 10 });
    expect(second.calls).toBe(0);
    isKnown = true;
    await vi.waitFor(async () => {
      expect(await callTimes(channel, 2)).toEqual({ OK: 2 });
      expect(second.calls).toBeGreaterThan(0);
    }, patience);
    isKnown = false;
    lookups = 0;
    await first.drain();
    await vi.waitFor(() => expect(lookups).toBeGreaterThan(1), patience);
    expect(await callTimes(channel, 10)).toEqual({ OK: 10 });
  });

  it("is all the addresses of all of them", async () => {
    const [one, other] = [await startServer(), await startServer()];
    const channel = openChannel([one.target, `localhost:${other.port}`]);
    await vi.waitFor(async () => {
      expect(await callTimes(channel, 4)).toEqual({ OK: 4 });
      expect([one.calls > 0, other.calls > 0]).toEqual([true, true]);
    }, patience);
  });

  it("goes on without names that nobody knows", async () => {
    const server = await startServer();
    const channel = openChannel([nobody(1), server.target]);
    expect(await callTimes(channel, 10)).toEqual({ OK: 10 });
  });

  it("fails calls if nobody knows any, by all their names", async () => {
    const channel = openChannel([nobody(1), nobody(2)]);
    const ended = await callOn(channel);
    expect(ended?.details).toContain(`Name resolution failed for target dns:${nobody(1)}`);
    expect(ended?.details).toContain(`Name resolution failed for target dns:${nobody(2)}`);
  });
});
