import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { memoryLog } from "../../test/logging-lines.ts";
import { isHealthOrReflection } from "../method-match.ts";
import { logging } from "./logging.ts";

const [peer, durationMs] = ["127.0.0.1:1", 1.2345678];

describe("the observer of logging", () => {
  it("logs a call of an unknown method, its path cut and on one line", () => {
    const log = memoryLog();
    const path = `/a\u2028.B/C"\u001b[31m${"x".repeat(10_000)}`;
    logging(log).observer.onEnd(
      { method: "_OTHER", kind: undefined, peer, headers: { ":path": path } },
      { code: status.UNIMPLEMENTED, durationMs, isIntercepted: false },
    );
    expect(log.lines).toMatchObject([
      {
        level: 50,
        "grpc.service": "_OTHER",
        "grpc.method": "_OTHER",
        "grpc.code": "UNIMPLEMENTED",
        "grpc.time_ms": 1.235,
        "grpc.path": expect.stringMatching(/^\/a \.B\/C" \[31mx{200,}…$/),
      },
    ]);
  });

  it("logs a call that the server refuses, and leaves alone those that interceptors see", () => {
    const log = memoryLog();
    const call = { method: "/a.B/C", kind: "unary", peer, headers: {} } as const;
    const { observer } = logging(log);
    observer.onEnd(call, { code: status.UNAVAILABLE, durationMs, isIntercepted: false });
    observer.onEnd(call, { code: status.OK, durationMs, isIntercepted: true });
    expect(log.lines).toMatchObject([
      { level: 40, "grpc.service": "a.B", "grpc.method": "C", "grpc.method_type": "unary" },
    ]);
  });

  it.each([
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
  ])("keeps %s quiet, but not its failures", (service) => {
    const log = memoryLog("debug");
    const call = { method: `/${service}/M`, kind: "unary", peer, headers: {} } as const;
    const { observer } = logging(log);
    for (const code of [status.OK, status.CANCELLED, status.INTERNAL]) {
      observer.onEnd(call, { code, durationMs, isIntercepted: false });
    }
    expect(log.lines.map(({ level }) => level)).toEqual([20, 20, 50]);
    expect(isHealthOrReflection({ service: `${service}2` })).toBe(false);
  });
});
