import { Metadata, status } from "@grpc/grpc-js";
import { callValues, type Identity, identityKey, requestIdKey } from "@grpc-kit/grpc-context";
import { errorToStatus } from "@grpc-kit/grpc-status";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryLog } from "../../test/logging-lines.ts";
import type { CallHook, CallOutcome, InterceptedCall } from "./call-hook.ts";
import { logging } from "./logging.ts";
import { hooksOf } from "./server-interceptor.ts";

const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 3000 }),
  fc.constantFrom(
    '\r\n{"level":60,"msg":"forged"}\n',
    "\u001b[2J\u001b[31m",
    '"}\u2028{"a":"',
    "\u202e\ud800",
    "x".repeat(1_000_000),
  ),
);

const anything = fc.oneof(
  hostile.map((text) => new Error(text)),
  hostile.map((text) => Object.assign(new Error("a"), { cause: new TypeError(text), stack: text })),
  hostile.map((text) => Object.assign(new Error("a"), { name: text, extra: text })),
  fc.anything(),
);

const fields = fc.record({
  peer: hostile,
  id: hostile,
  details: hostile,
  subject: hostile,
  error: anything,
  message: anything,
  code: fc.constantFrom(status.INTERNAL, status.NOT_FOUND, status.DEADLINE_EXCEEDED, 99 as status),
  deadline: fc.oneof(fc.double(), fc.constantFrom(1e17, -1e17, Number.NaN)),
});

type Fields = typeof fields extends fc.Arbitrary<infer Value> ? Value : never;

/** Tells an interceptor of a call, as the core does, with values that no real call could have. */
function runHook(interceptor: ReturnType<typeof logging>, hostileCall: Fields): void {
  const { peer, id, details, subject, error, message, code, deadline } = hostileCall;
  const metadata = new Metadata();
  const values = callValues(metadata);
  values.set(requestIdKey, id);
  const identity: Identity = { subject, scopes: [], claims: {} };
  values.set(identityKey, identity);
  const method = { path: "/a.B/C", service: "a.B", name: "C", kind: "unary" } as const;
  const call = { method, metadata, values, peer, startedAt: 0, deadline } as InterceptedCall;
  const trailers = errorToStatus(error).metadata ?? null;
  const outcome: CallOutcome = {
    code,
    details,
    trailers,
    error,
    cancelledBy: undefined,
    endedAt: 1,
    durationMs: 1,
    messagesReceived: 1,
    messagesSent: 0,
    bytesReceived: undefined,
    bytesSent: undefined,
  };
  const hook = hooksOf(interceptor)?.[0]?.(call) as CallHook;
  hook.onMessage?.(message);
  hook.onEnd?.(outcome);
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") {
    return [value];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

describe("E4 log injection", () => {
  it("E4: each event is one line of JSON, its texts short and on one line", () => {
    fc.assert(
      fc.property(fields, (hostileCall) => {
        const log = memoryLog("debug");
        runHook(logging({ ...log, payloads: {} }), hostileCall);
        expect(log.lines.map(({ msg }) => msg)).toEqual([
          "started call",
          "received message",
          "finished call",
        ]);
        for (const line of log.written) {
          expect(line.indexOf("\n")).toBe(line.length - 1);
          expect(line.length).toBeLessThan(60_000);
        }
        for (const { err, ...rest } of log.lines) {
          const { stack, ...inError } = (err ?? {}) as Record<string, unknown>;
          for (const text of textsIn([rest, inError])) {
            expect(text).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u);
            expect(text.length).toBeLessThanOrEqual(1024);
          }
          for (const stackLine of String(stack ?? "").split("\n")) {
            expect(stackLine).toMatch(/^( {4}at |caused by: |\S+: |$)\P{Cc}*$/u);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it("E4: any other logger gets scalars, and the error as its name, text and stack", () => {
    fc.assert(
      fc.property(fields, (hostileCall) => {
        const lines: object[] = [];
        const write = (line: object) => lines.push(line);
        const logger = { debug: write, info: write, warn: write, error: write };
        runHook(logging({ logger }), hostileCall);
        expect(lines).toHaveLength(2);
        for (const [name, value] of lines.flatMap((line) => Object.entries(line))) {
          if (name === "err") {
            expect(["message,type", "message,stack,type"]).toContain(
              Object.keys(value).sort().join(),
            );
            expect(Object.values(value).every((part) => typeof part === "string")).toBe(true);
          } else {
            expect(["string", "number", "boolean"]).toContain(typeof value);
          }
        }
      }),
    );
  });
});
