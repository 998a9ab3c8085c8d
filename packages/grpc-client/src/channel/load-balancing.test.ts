import { experimental, status } from "@grpc/grpc-js";
import { describe, expect, it, vi } from "vitest";
import { callOn, callTimes, openChannel } from "../../test/channel-call.ts";
import { type ChannelServer, startServer } from "../../test/channel-server.ts";

const patience = { timeout: 15_000 };

function startServers(count: number): Promise<ChannelServer[]> {
  return Promise.all(Array.from({ length: count }, () => startServer()));
}

function targetsOf(servers: readonly ChannelServer[]): readonly string[] {
  return servers.map(({ target }) => target);
}

/** Until the channel has a connection to each. */
async function useAll(
  channel: Parameters<typeof callOn>[0],
  servers: readonly ChannelServer[],
): Promise<void> {
  await vi.waitFor(async () => {
    await callTimes(channel, servers.length);
    expect(servers.every(({ calls }) => calls > 0)).toBe(true);
  }, patience);
}

describe("round_robin", () => {
  it("gives each address the same share", async () => {
    const servers = await startServers(3);
    const channel = openChannel(targetsOf(servers));
    await useAll(channel, servers);
    const before = servers.map(({ calls }) => calls);
    expect(await callTimes(channel, 150)).toEqual({ OK: 150 });
    for (let call = 0; call < 150; call += 1) {
      await callOn(channel);
    }
    const shares = servers.map(({ calls }, index) => calls - (before[index] ?? 0));
    for (const share of shares) {
      expect(Math.abs(share - 100)).toBeLessThanOrEqual(2);
    }
  });

  it("goes on with those that are left", async () => {
    const servers = await startServers(3);
    const channel = openChannel(targetsOf(servers));
    await useAll(channel, servers);
    await servers[0]?.drain();
    expect(await callTimes(channel, 60)).toEqual({ OK: 60 });
  });

  it("sends calls to new addresses once the name has them, and none to old ones", async () => {
    const servers = await startServers(2);
    const [first, second] = servers as [ChannelServer, ChannelServer];
    const resolver = registerTestScheme();
    resolver.addresses = [first.port];
    const channel = openChannel("grpc-kit-test:whatever");
    expect(await callTimes(channel, 4)).toEqual({ OK: 4 });
    expect(second.calls).toBe(0);
    resolver.addresses = [second.port];
    // What makes clients look again: a connection that ends.
    await first.drain();
    const waitForReady = true;
    expect(await callTimes(channel, 4, { waitForReady })).toEqual({ OK: 4 });
    expect([first.calls, second.calls]).toEqual([4, 4]);
  });
});

describe("outlier detection", () => {
  async function callsOfFailing(outlierDetection: boolean): Promise<number> {
    const servers = await startServers(3);
    const [bad] = servers as [ChannelServer];
    bad.fail(status.INTERNAL);
    const channel = openChannel(targetsOf(servers), {
      outlierDetection: outlierDetection && { intervalMs: 100, minCalls: 5, failurePercent: 100 },
    });
    await useAll(channel, servers);
    if (outlierDetection) {
      // Each interval has calls enough to compare the three by.
      await vi.waitFor(async () => {
        expect(await callTimes(channel, 30)).toEqual({ OK: 30 });
      }, patience);
    }
    const before = bad.calls;
    await callTimes(channel, 90);
    return bad.calls - before;
  }

  it("takes out the address whose calls fail", async () => {
    expect(await callsOfFailing(true)).toBe(0);
  });

  it("can be switched off", async () => {
    expect(await callsOfFailing(false)).toBe(30);
  });

  it("takes out no more than some, and never the only one", async () => {
    for (const count of [1, 3]) {
      const servers = await startServers(count);
      for (const server of servers) {
        server.fail(status.INTERNAL);
      }
      const channel = openChannel(targetsOf(servers), {
        outlierDetection: { intervalMs: 20, minCalls: 1, minAddresses: 2 },
      });
      const began = servers.map(() => 0);
      for (let round = 0; round < 20; round += 1) {
        expect(await callTimes(channel, 9)).toEqual({ INTERNAL: 9 });
        await new Promise((resolve) => setTimeout(resolve, 5));
        servers.forEach(({ calls }, index) => {
          began[index] = calls;
        });
      }
      await callTimes(channel, 9);
      const used = servers.filter(({ calls }, index) => calls > (began[index] ?? 0)).length;
      expect(used).toBeGreaterThanOrEqual(count === 1 ? 1 : 2);
    }
  });
});

describe("pick_first", () => {
  it("uses one address, and the next when that is gone", async () => {
    const servers = await startServers(2);
    const [first, second] = servers as [ChannelServer, ChannelServer];
    const channel = openChannel(targetsOf(servers), { loadBalancing: "pick_first" });
    expect(await callTimes(channel, 10)).toEqual({ OK: 10 });
    expect([first.calls, second.calls]).toEqual([10, 0]);
    await first.drain();
    expect(await callTimes(channel, 10, { waitForReady: true })).toEqual({ OK: 10 });
    expect(second.calls).toBe(10);
  });
});

/** A scheme whose names have, whenever grpc-js looks, these ports of this machine. */
function registerTestScheme(): { addresses: readonly number[] } {
  const names = { addresses: [] as readonly number[] };
  class TestResolver implements experimental.Resolver {
    readonly #listener: experimental.ResolverListener;

    constructor(_target: experimental.GrpcUri, listener: experimental.ResolverListener) {
      this.#listener = listener;
    }

    static getDefaultAuthority(): string {
      return "test";
    }

    updateResolution(): void {
      const endpoints = names.addresses.map((port) => ({
        addresses: [{ host: "127.0.0.1", port }],
      }));
      process.nextTick(() =>
        this.#listener(experimental.statusOrFromValue(endpoints), {}, null, ""),
      );
    }

    destroy(): void {}
  }
  experimental.registerResolver("grpc-kit-test", TestResolver);
  return names;
}
