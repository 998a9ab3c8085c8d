import { status } from "@grpc/grpc-js";
import fc from "fast-check";
import { fuzz } from "../../fuzz/fuzz.ts";
import { lateUnless, missUnless } from "../../harness/judge.ts";
import type { Row } from "../../row.ts";
import { framed } from "../../wire/framing.ts";
import { encoded, itemPaths, newItem } from "../../wire/items.ts";
import { type WireOutcome, wireCaller } from "../../wire/wire-calls.ts";
import { startFixtureServer } from "../c/fixture-server.ts";

const trailersMax = 8_192;
const withinMs = 5_000;
const kinds = ["Unary", "ServerStream", "ClientStream", "Bidi"] as const;

/** As HTTP/2 counts it, with 32 bytes for each entry: https://www.rfc-editor.org/rfc/rfc9113#section-10.5.1 */
function sizeOf({ headers }: WireOutcome): number {
  return Object.entries(headers).reduce(
    (size, [name, value]) => size + name.length + String(value).length + 32,
    0,
  );
}

const codeUnits = fc
  .array(fc.nat(0xffff), { maxLength: 60 })
  .map((units) => String.fromCharCode(...units));
const texts = fc.oneof(
  codeUnits,
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom("a\r\nb: c", "\0", "\ud800", "🦊".slice(0, 1), "%00%ff", "", "\u001b[31m"),
);
const cases = fc.record({
  kind: fc.constantFrom(...kinds),
  details: texts,
  times: fc.constantFrom(1, 1, 1, 100, 20_000),
  code: fc.constantFrom(3, 5, 6, 9, 10, 13, 14),
});

export const errorTexts: Row = {
  id: "B13",
  fault: "errors with any text: too long, half characters, control characters, line breaks",
  promise:
    "the right code at once, and trailers of 8 KiB at the most (any text by a handler: grpc-server alone)",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    const fixture = await startFixtureServer(harness);
    const failing = wireCaller(fixture);
    harness.onEnd(() => {
      caller.close();
      failing.close();
    });
    let largest = 0;
    let slowestMs = 0;
    const judgeAnswer = (outcome: WireOutcome, code: number): string | undefined => {
      largest = Math.max(largest, sizeOf(outcome));
      slowestMs = Math.max(slowestMs, outcome.tookMs);
      if (outcome.name !== status[code]) {
        return `${status[code]} came as ${outcome.name}`;
      }
      return sizeOf(outcome) <= trailersMax ? undefined : `${sizeOf(outcome)} bytes of trailers`;
    };
    const thrown = await fuzz(harness, {
      cases,
      quickRuns: 208,
      wholeRuns: 5_000,
      check: async ({ kind, details, times, code }) => {
        const outcome = await failing.call(
          `/fixtures.FixtureService/${kind}`,
          framed(Buffer.of()),
          {
            way: "status",
            code: String(code),
            times: String(times),
            "details-bin": Buffer.from(details, "utf16le").toString("base64"),
          },
        );
        return judgeAnswer(outcome, code);
      },
    });
    // And those that say again what the caller has sent.
    const echoes = ["x".repeat(1_000_000), "💡".repeat(200_000), "\0", "a\r\nb", '"\\'].flatMap(
      (text) => [
        ["getItem", encoded("getItem", { id: text })] as const,
        ["listItems", encoded("listItems", { pageSize: 0, pageToken: "", filter: text })] as const,
        ["listItems", encoded("listItems", { pageSize: 0, pageToken: text, filter: "" })] as const,
        ["createItem", encoded("createItem", { ...newItem(), sku: text })] as const,
      ],
    );
    const echoed: string[] = [];
    for (const [method, body] of echoes) {
      const fault = judgeAnswer(
        await caller.call(itemPaths[method], body),
        status.INVALID_ARGUMENT,
      );
      echoed.push(
        ...missUnless(fault === undefined, `${method} says again what it was sent: ${fault}`),
      );
    }
    return {
      measured: `${thrown.runs} texts by seed ${thrown.seed} and ${echoes.length} that come back, trailers of ${largest} bytes at the most, ${Math.round(slowestMs)} ms at the most`,
      misses: [
        ...thrown.misses,
        ...echoed,
        ...lateUnless(
          slowestMs <= withinMs,
          `one took ${Math.round(slowestMs)} ms, more than ${withinMs}`,
        ),
        ...missUnless(fixture.isAlive(), "the fixture server has ended"),
      ],
    };
  },
};
