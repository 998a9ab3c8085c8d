import { describe, expect, it } from "vitest";
import { serverAddress } from "./server-address.ts";

describe("serverAddress", () => {
  it.each([
    ["orders.shop:50051", "orders.shop", 50_051],
    ["orders.shop", "orders.shop", undefined],
    ["dns:orders.shop:443", "orders.shop", 443],
    ["dns:///orders.shop:443", "orders.shop", 443],
    ["dns:///orders.shop", "orders.shop", undefined],
    ["dns://8.8.8.8/orders.shop:443", "orders.shop", 443],
    ["127.0.0.1:50051", "127.0.0.1", 50_051],
    ["ipv4:10.0.0.1:50051", "10.0.0.1", 50_051],
    ["[::1]:50051", "::1", 50_051],
    ["ipv6:[2001:db8::1]:50051", "2001:db8::1", 50_051],
    ["unix:/run/orders.sock", "/run/orders.sock", undefined],
    ["unix:///run/orders.sock", "/run/orders.sock", undefined],
    ["xds:///orders", "xds:///orders", undefined],
    ["ipv4:10.0.0.1:1,10.0.0.2:2", "ipv4:10.0.0.1:1,10.0.0.2:2", undefined],
    ["", "", undefined],
  ])("%s is %s and port %s", (target, server_address, server_port) => {
    expect(serverAddress(target)).toEqual({
      server_address,
      ...(server_port !== undefined && { server_port }),
    });
  });
});
