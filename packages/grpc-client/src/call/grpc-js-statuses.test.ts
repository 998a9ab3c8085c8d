import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { explained, isDiscardedHedge, isOwnDeadline, mayFollow } from "./grpc-js-statuses.ts";

const { CANCELLED, DEADLINE_EXCEEDED, INTERNAL, NOT_FOUND, UNAVAILABLE, UNKNOWN } = status;

function received(code: status | undefined, details = "", pushback?: string): StatusObject {
  const metadata = new Metadata();
  if (pushback !== undefined) {
    metadata.set("grpc-retry-pushback-ms", pushback);
  }
  return { code: code as status, details, metadata };
}

const lost =
  "Received RST_STREAM with code 2 triggered by internal client error: Session closed with error code 2";

describe("explained", () => {
  it.each<[string, status | undefined, string, number, status]>([
    ["of the server as it is", NOT_FOUND, "no such thing", 5, NOT_FOUND],
    ["of a connection that was lost", INTERNAL, lost, 5, UNAVAILABLE],
    ["of what went wrong", INTERNAL, "Received RST_STREAM with code 2", 5, INTERNAL],
    ["of a server that gives up in time", CANCELLED, "", 1, CANCELLED],
    ["of a server that gives up when the time is over", CANCELLED, "", 0, DEADLINE_EXCEEDED],
    ["that grpc-js does not give", undefined, "", 5, INTERNAL],
    ["that gRPC does not know", 99, "", 5, UNKNOWN],
    ["that is no number", Number.NaN, "", 5, UNKNOWN],
  ])("has the code %s", (_name, code, details, leftMs, expected) => {
    const ended = received(code, details);
    const { code: actual, metadata } = explained(ended, leftMs);
    expect(actual).toBe(expected);
    expect(metadata).toBe(ended.metadata);
  });
});

describe("mayFollow", () => {
  it.each<[string, StatusObject, boolean, boolean]>([
    ["UNAVAILABLE", received(UNAVAILABLE), false, true],
    ["INTERNAL", received(INTERNAL), false, false],
    ["INTERNAL, if that is wanted", received(INTERNAL), true, true],
    ["a lost connection", received(INTERNAL, lost), false, true],
    ["a pushback within the time", received(UNAVAILABLE, "", "99"), false, true],
    ["a pushback beyond the time", received(UNAVAILABLE, "", "100"), false, false],
    ["a pushback that cannot be read", received(UNAVAILABLE, "", "soon"), true, false],
  ])("says whether another attempt may follow %s", (_name, ended, retriesInternal, expected) => {
    expect(mayFollow(ended, retriesInternal, 100)).toBe(expected);
  });
});

it("tells grpc-js's own deadline from the server's", () => {
  expect(isOwnDeadline(received(DEADLINE_EXCEEDED, "Deadline exceeded after 0.1s"))).toBe(true);
  expect(isOwnDeadline(received(DEADLINE_EXCEEDED, "too slow"))).toBe(false);
});

it("tells the end of a copy that is not needed from the words of a server", () => {
  const details = "Discarded in favor of other hedged attempt";
  expect(isDiscardedHedge(CANCELLED, details)).toBe(true);
  expect(isDiscardedHedge(UNAVAILABLE, details)).toBe(false);
});
