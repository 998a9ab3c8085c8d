import { Metadata, status } from "@grpc/grpc-js";
import type { Traffic } from "@grpc-kit/grpc-context";
import { describe, expect, it } from "vitest";
import { toOutcome } from "./call-outcome.ts";

const facts = {
  startedAt: performance.now() - 100,
  deadline: Number.POSITIVE_INFINITY,
  status: undefined,
  error: undefined,
  messagesReceived: 2,
  messagesSent: 1,
  traffic: undefined,
};
const notFound = { code: status.NOT_FOUND, details: "no item", metadata: new Metadata() };

function trafficOf(sentCode: status | undefined): Traffic {
  return { messagesReceived: 2, messagesSent: 1, bytesReceived: 20, bytesSent: 10, sentCode };
}

describe("toOutcome", () => {
  it("takes the status that was given, where the server does not look at the stream", () => {
    const outcome = toOutcome({ ...facts, status: notFound });
    expect(outcome).toMatchObject({
      code: status.NOT_FOUND,
      details: "no item",
      trailers: notFound.metadata,
      cancelledBy: undefined,
      messagesReceived: 2,
      messagesSent: 1,
      bytesSent: undefined,
    });
    expect(outcome.durationMs).toBeGreaterThanOrEqual(100);
  });

  it.each([
    [Number.POSITIVE_INFINITY, status.CANCELLED, "caller"],
    [Date.now() + 60_000, status.CANCELLED, "caller"],
    [Date.now() - 1, status.DEADLINE_EXCEEDED, "deadline"],
  ])("says who has cancelled a call without a status: a deadline of %d", (deadline, code, by) => {
    expect(toOutcome({ ...facts, deadline })).toMatchObject({ code, cancelledBy: by, details: "" });
  });

  it("believes the stream more than what was given", () => {
    const sent = toOutcome({ ...facts, status: notFound, traffic: trafficOf(status.NOT_FOUND) });
    expect(sent).toMatchObject({ code: status.NOT_FOUND, details: "no item", bytesSent: 10 });
    const dropped = toOutcome({ ...facts, status: notFound, traffic: trafficOf(undefined) });
    expect(dropped).toMatchObject({ code: status.CANCELLED, cancelledBy: "caller", details: "" });
    const other = toOutcome({ ...facts, traffic: trafficOf(status.RESOURCE_EXHAUSTED) });
    expect(other).toMatchObject({ code: status.RESOURCE_EXHAUSTED, cancelledBy: undefined });
    expect(other.trailers).toBeNull();
  });
});
