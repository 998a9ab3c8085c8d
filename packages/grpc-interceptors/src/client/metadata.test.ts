import { Metadata, status } from "@grpc/grpc-js";
import { runInCall } from "@grpc-kit/grpc-context";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { describe, expect, it } from "vitest";
import { serveArrivals } from "../../test/client-arrivals.ts";
import { servedCall } from "../../test/client-served.ts";
import { type MetadataOptions, metadata } from "./metadata.ts";

function metadataOf(entries: Record<string, string | Buffer>): Metadata {
  const made = new Metadata();
  for (const [key, value] of Object.entries(entries)) {
    made.set(key, value);
  }
  return made;
}

describe("metadata", () => {
  it.each(callKinds)("passes on what is on the list, and no more: %s", async (kind) => {
    const trace = Buffer.from([0, 255]);
    const came = metadataOf({
      "x-tenant": "acme",
      "x-trace-bin": trace,
      "x-internal": "no",
      authorization: "Bearer t0ken",
    });
    const forward = ["X-Tenant", "x-trace-bin", "x-missing"];
    const { client, arrivals } = await serveArrivals([metadata({ forward })]);
    const served = servedCall({ metadata: came });
    const { code } = await runInCall(served, () => callFixture(client, kind).outcome);
    expect(code).toBe(status.OK);
    const sent = arrivals[0]?.metadata ?? {};
    expect(sent).toMatchObject({ "x-tenant": "acme", "x-trace-bin": trace });
    expect(sent).not.toHaveProperty("x-internal");
    expect(JSON.stringify(arrivals)).not.toContain("t0ken");
    expect(came.getMap()).toHaveProperty("x-internal");
  });

  it.each(callKinds)("sends what is fixed, outside of a served call too: %s", async (kind) => {
    const set = { "x-client": "shop", "x-key-bin": new Uint8Array([1, 2]) };
    const { client, arrivals } = await serveArrivals([metadata({ set, forward: ["x-tenant"] })]);
    await callFixture(client, kind).outcome;
    expect(arrivals).toMatchObject([
      { metadata: { "x-client": "shop", "x-key-bin": Buffer.from([1, 2]) } },
    ]);
    expect(arrivals[0]?.metadata).not.toHaveProperty("x-tenant");
  });

  it("leaves the caller's own, then takes what came, then what is fixed", async () => {
    const options = {
      forward: ["x-a", "x-b"],
      set: { "x-a": "fixed", "x-b": "fixed", "x-c": "fixed" },
    };
    const { client, arrivals } = await serveArrivals([metadata(options)]);
    const own = metadataOf({ "x-a": "own" });
    const served = servedCall({ metadata: metadataOf({ "x-a": "came", "x-b": "came" }) });
    await runInCall(served, () => callFixture(client, "unary", { metadata: own }).outcome);
    expect(arrivals).toMatchObject([{ metadata: { "x-a": "own", "x-b": "came", "x-c": "fixed" } }]);
    expect(own.getMap()).toEqual({ "x-a": "own" });
  });

  it("passes on credentials if it is told to", async () => {
    const options = { forward: ["authorization"], allowCredentials: true };
    const { client, arrivals } = await serveArrivals([metadata(options)]);
    const served = servedCall({ metadata: metadataOf({ authorization: "Bearer t0ken" }) });
    await runInCall(served, () => callFixture(client, "unary").outcome);
    expect(arrivals).toMatchObject([{ metadata: { authorization: "Bearer t0ken" } }]);
  });

  it.each<MetadataOptions>([
    { forward: ["Authorization"] },
    { forward: ["cookie"] },
    { set: { authorization: "Bearer t0ken" } },
    { set: { "x-api-key": "t0ken" } },
    { forward: ["grpc-timeout"] },
    { forward: ["grpc-retry-pushback-ms"], allowCredentials: true },
    { forward: [":authority"] },
    { set: { te: "trailers" } },
    { forward: ["not a key"] },
    { set: { "x-text": "t0ken\r\n" } },
    { set: { "x-text": "t0kenä" } },
    { set: { "x-bytes-bin": "t0ken" } },
  ])("refuses %j, and does not show its value", (options) => {
    expect(() => metadata(options)).toThrow(TypeError);
    expect(() => metadata(options)).not.toThrow(/t0ken/);
  });
});
