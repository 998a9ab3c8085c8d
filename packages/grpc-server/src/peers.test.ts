import { describe, expect, it } from "vitest";
import { resolveConnectionOptions } from "./connection-options.ts";
import { Peers, peerName } from "./peers.ts";

describe("peerName", () => {
  it.each([
    [undefined, "unix"],
    ["10.1.2.3", "10.1.2.3"],
    ["::ffff:10.1.2.3", "10.1.2.3"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
  ])("%s draws on %s", (address, name) => {
    expect(peerName(address)).toBe(name);
  });
});

describe("Peers", () => {
  function createPeers(): { peers: Peers; pass(ms: number): void } {
    let now = 0;
    const limits = resolveConnectionOptions({
      max: 50_000,
      maxPerPeer: 2,
      ratePerPeer: 1,
      resetBudget: { burst: 2, perSecond: 1 },
    });
    const peers = new Peers(limits, () => now);
    return {
      peers,
      pass(ms) {
        now += ms;
      },
    };
  }

  it("gives each address its own budget, which fills up with time", () => {
    const { peers, pass } = createPeers();
    const first = peers.connect("10.0.0.1");
    if (typeof first === "string") {
      throw new Error(first);
    }
    expect([peers.reset(first), peers.reset(first), peers.reset(first)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(peers.connect("10.0.0.1")).toBe("reset_budget");
    expect(typeof peers.connect("10.0.0.2")).toBe("object");
    pass(1_000);
    expect(peers.connect("10.0.0.1")).toBe(first);
    expect(peers.connect("10.0.0.1")).toBe("too_many_connections_of_peer");
    peers.disconnect(first);
    expect(peers.connect("10.0.0.1")).toBe(first);
    peers.disconnect(first);
    expect(peers.connect("10.0.0.1")).toBe("connection_rate");
  });

  it("forgets an address once nothing is to be remembered", () => {
    const { peers, pass } = createPeers();
    const first = peers.connect("10.0.0.1");
    if (typeof first === "string") {
      throw new Error(first);
    }
    peers.disconnect(first);
    peers.prune();
    pass(5_000);
    const again = peers.connect("10.0.0.1");
    expect(again).toBe(first);
    peers.disconnect(first);
    pass(5_000);
    peers.prune();
    expect(peers.connect("10.0.0.1")).not.toBe(first);
  });

  it("E1: keeps 10,000 addresses apart, and lets the rest share one budget", () => {
    const { peers } = createPeers();
    for (let address = 0; address < 10_000; address += 1) {
      peers.connect(`10.${address >> 16}.${(address >> 8) & 255}.${address & 255}`);
    }
    const shared = [
      peers.connect("11.0.0.1"),
      peers.connect("11.0.0.2"),
      peers.connect("11.0.0.3"),
    ];
    expect(shared[1]).toBe(shared[0]);
    expect(shared[2]).toBe("too_many_connections_of_peer");
  });
});
