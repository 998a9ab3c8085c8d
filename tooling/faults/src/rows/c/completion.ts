import { lateUnless, missUnless } from "../../harness/judge.ts";
import { wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { framed, unframed } from "../../wire/framing.ts";
import { textOnWire, type WireHeaders, wireCaller } from "../../wire/wire-calls.ts";
import { startFixtureServer } from "./fixture-server.ts";
import { logHas } from "./leaks.ts";
import { secret } from "./spoiled-store.ts";

const request = framed(Buffer.of());
const pathOf = (kind: string): string => `/fixtures.FixtureService/${kind}`;

export const doubleEnds: Row = {
  id: "C6",
  fault:
    "a handler goes on after the end of its call: fails again, answers after the deadline, sends after a failure",
  promise:
    "the first outcome stands, the second is in the log (grpc-server alone: item-service has no such handler)",
  isQuick: false,
  async run(harness) {
    const fixture = await startFixtureServer(harness);
    const caller = wireCaller(fixture);
    harness.onEnd(caller.close);
    const misses: string[] = [];
    const cases: readonly (readonly [string, WireHeaders, string, number])[] = [
      ["an error after nonsense", { how: "nonsense", again: "1", way: "error" }, "INTERNAL", 0],
      [
        "an error after an error",
        { how: "later", again: "1", way: "error", messages: "2" },
        "INTERNAL",
        2,
      ],
      [
        "an answer after the deadline",
        { how: "late", "grpc-timeout": "100m" },
        "DEADLINE_EXCEEDED",
        0,
      ],
      [
        "an error after the deadline",
        { how: "late", again: "1", way: "error", "grpc-timeout": "100m" },
        "DEADLINE_EXCEEDED",
        0,
      ],
    ];
    for (const kind of ["ServerStream", "Bidi"]) {
      for (const [what, headers, promised, messages] of cases) {
        const outcome = await caller.call(pathOf(kind), request, headers);
        misses.push(
          ...wrongAmong(`${what}: ${kind}`, [outcome.name], promised),
          ...missUnless(
            unframed(outcome.body).length === messages,
            `${what}: other messages came than were sent`,
          ),
          ...missUnless(!textOnWire(outcome).includes(secret), `${what}: the secret was sent`),
        );
      }
    }
    for (const kind of ["Unary", "ClientStream"]) {
      const outcome = await caller.call(pathOf(kind), request, {
        how: "late",
        "grpc-timeout": "100m",
      });
      misses.push(...wrongAmong(`a late answer: ${kind}`, [outcome.name], "DEADLINE_EXCEEDED"));
    }
    const next = await caller.call(pathOf("Unary"), request);
    misses.push(
      ...wrongAmong("the next call", [next.name], "OK"),
      ...missUnless(await logHas(fixture, secret), "the log does not have the second error"),
      ...missUnless(fixture.isAlive(), "the fixture server has ended"),
    );
    return { measured: `${2 * cases.length + 2} calls, the first outcome each time`, misses };
  },
};

export const lostStatus: Row = {
  id: "C7",
  fault:
    "a handler gives up in a way that has no status: an iterator that breaks, a promise of nothing",
  promise:
    "the caller hears INTERNAL at once, not at its deadline (grpc-server alone: handlers have no stream to destroy)",
  isQuick: true,
  async run(harness) {
    const fixture = await startFixtureServer(harness);
    const caller = wireCaller(fixture);
    harness.onEnd(caller.close);
    const names: string[] = [];
    const waitedMs: number[] = [];
    for (const how of ["nothing", "broken iterator", "hanging return", "nonsense"]) {
      for (const kind of ["Unary", "ServerStream", "ClientStream", "Bidi"]) {
        const outcome = await caller.call(pathOf(kind), request, { how, "grpc-timeout": "20S" });
        names.push(outcome.name);
        waitedMs.push(outcome.tookMs);
      }
    }
    const slowestMs = Math.round(Math.max(...waitedMs));
    return {
      measured: `${names.length} calls, told after ${slowestMs} ms at the most`,
      misses: [
        ...wrongAmong("a handler that gives up", names, "INTERNAL"),
        // Machines are shared; what is meant is that nobody waits for the 20 s.
        ...lateUnless(slowestMs <= 2_000, `one took ${slowestMs} ms, more than 2 s`),
        ...missUnless(fixture.isAlive(), "the fixture server has ended"),
      ],
    };
  },
};
