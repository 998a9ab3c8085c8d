import { describe, expect, it } from "vitest";
import { targetAttributes } from "./target-attributes.ts";

describe("targetAttributes", () => {
  it.each([
    ["items.example.com", "items.example.com", undefined],
    ["items.example.com:443", "items.example.com", 443],
    ["localhost:50051", "localhost", 50_051],
    ["dns:items.example.com:443", "items.example.com", 443],
    ["dns:///items.example.com:443", "items.example.com", 443],
    ["dns://8.8.8.8/items.example.com:443", "items.example.com", 443],
    ["ipv4:10.0.0.1:50051", "10.0.0.1", 50_051],
    ["ipv4:10.0.0.1:50051,10.0.0.2:50051", "ipv4:10.0.0.1:50051,10.0.0.2:50051", undefined],
    ["ipv6:[::1]:50051", "::1", 50_051],
    ["[::1]:50051", "::1", 50_051],
    ["unix:/run/items.sock", "/run/items.sock", undefined],
    ["unix:///run/items.sock", "/run/items.sock", undefined],
    ["unix:items.sock", "items.sock", undefined],
    ["xds:///items", "xds:///items", undefined],
  ])("%s", (target, address, port) => {
    expect(targetAttributes(target)).toEqual({
      "server.address": address,
      ...(port !== undefined && { "server.port": port }),
    });
  });
});
