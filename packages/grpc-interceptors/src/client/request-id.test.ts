import { Metadata, status } from "@grpc/grpc-js";
import { requestIdKey, runInCall } from "@grpc-kit/grpc-context";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { describe, expect, it } from "vitest";
import { serveArrivals } from "../../test/client-arrivals.ts";
import { servedCall } from "../../test/client-served.ts";
import { requestId } from "./request-id.ts";

const uuid = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

function servedWith(id: string): ReturnType<typeof servedCall> {
  const served = servedCall();
  served.set(requestIdKey, id);
  return served;
}

describe("requestId", () => {
  it.each(callKinds)("makes a new one for each call: %s", async (kind) => {
    const { client, arrivals } = await serveArrivals([requestId()]);
    await callFixture(client, kind).outcome;
    await callFixture(client, kind).outcome;
    const ids = arrivals.map(({ metadata }) => metadata["x-request-id"]);
    expect(ids).toEqual([expect.stringMatching(uuid), expect.stringMatching(uuid)]);
    expect(new Set(ids).size).toBe(2);
  });

  it.each(callKinds)("passes on that of the call being served: %s", async (kind) => {
    const { client, arrivals } = await serveArrivals([requestId({ header: "X-Correlation-Id" })]);
    await runInCall(servedWith("req-1"), () => callFixture(client, kind).outcome);
    expect(arrivals).toMatchObject([{ metadata: { "x-correlation-id": "req-1" } }]);
  });

  it("leaves the caller's own, and the caller's metadata", async () => {
    const { client, arrivals } = await serveArrivals([requestId()]);
    const metadata = new Metadata();
    const empty = new Metadata();
    metadata.set("x-request-id", "mine");
    const call = (own: Metadata) => callFixture(client, "unary", { metadata: own }).outcome;
    await runInCall(servedWith("req-1"), () => Promise.all([call(metadata), call(empty)]));
    expect(arrivals).toMatchObject([
      { metadata: { "x-request-id": "mine" } },
      { metadata: { "x-request-id": "req-1" } },
    ]);
    expect([...Object.keys(metadata.getMap()), ...Object.keys(empty.getMap())]).toEqual([
      "x-request-id",
    ]);
  });

  it.each(["", "ä", "a\r\nb", "a".repeat(129), 7 as unknown as string])(
    "sends no id that cannot be sent: %j",
    async (id) => {
      const { client, arrivals } = await serveArrivals([requestId()]);
      const { code } = await runInCall(servedWith(id), () => callFixture(client, "unary").outcome);
      expect(code).toBe(status.OK);
      expect(arrivals[0]?.metadata["x-request-id"]).toMatch(uuid);
    },
  );

  it.each(["grpc-id", ":path", "te", "id-bin", "not a key", ""])(
    "refuses the header %j",
    (header) => {
      expect(() => requestId({ header })).toThrow(TypeError);
    },
  );
});
