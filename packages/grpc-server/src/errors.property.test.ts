import { status } from "@grpc/grpc-js";
import { NotFoundError, StatusError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callErrorOf } from "../test/call-error-of.ts";
import { type FixtureHandlers, serveFixture } from "../test/serve-fixture.ts";

/** Handlers that throw what `next` gives; those of streams before or after their first message. */
function throwing(next: () => unknown, isAfterFirst: () => boolean): FixtureHandlers {
  const one = async () => {
    throw next();
  };
  async function* many() {
    if (isAfterFirst()) {
      yield { index: 0n, count: 0n, payload: Buffer.of(), text: "" };
    }
    throw next();
  }
  return { unary: one, clientStream: one, serverStream: many, bidi: many };
}

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  // UTF-16 code units at random: lone surrogates, NUL, newlines.
  fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    "x".repeat(1_000_000),
    "🦊".repeat(500_000).slice(0, -1),
    "\ud800",
    "\0",
    "a\r\nb",
    "",
  ),
);

const anyThrown: fc.Arbitrary<{ readonly thrown: unknown; readonly code: status }> = fc.oneof(
  fc
    .tuple(anyText, fc.integer({ min: 1, max: 16 }))
    .map(([text, code]) => ({ thrown: new StatusError(code, text), code })),
  anyText.map((text) => ({
    thrown: new NotFoundError(text, {
      resource: { type: text, name: text },
      metadata: { [text]: text },
    }),
    code: status.NOT_FOUND,
  })),
  anyText.map((text) => ({ thrown: new Error(text), code: status.INTERNAL })),
  anyText.map((text) => ({ thrown: text, code: status.INTERNAL })),
  fc
    .tuple(anyText, fc.integer())
    .map(([details, code]) => ({ thrown: { code, details }, code: status.INTERNAL })),
  fc.anything().map((thrown) => ({ thrown, code: status.INTERNAL })),
);

describe("whatever a handler throws", () => {
  it("B13 C1 C2 L14 L16: its caller has the right code within a second, and the next call works", async () => {
    let isFailing = true;
    let isAfterFirst = false;
    let thrown: unknown;
    const ok = { index: 7n, count: 0n, payload: Buffer.of(), text: "" };
    const handlers = throwing(
      () => thrown,
      () => isAfterFirst,
    );
    const { client } = await serveFixture({
      ...handlers,
      unary: (request, context) => (isFailing ? handlers.unary(request, context) : ok),
    });
    const elapsedMs: number[] = [];
    await fc.assert(
      fc.asyncProperty(
        anyThrown,
        fc.constantFrom(...callKinds),
        fc.boolean(),
        async (fault, kind, isLate) => {
          [isFailing, isAfterFirst, thrown] = [true, isLate, fault.thrown];
          const startMs = performance.now();
          const { code } = await callFixture(client, kind).outcome;
          elapsedMs.push(performance.now() - startMs);
          expect(code).toBe(fault.code);
          isFailing = false;
          const next = await callFixture(client, "unary").outcome;
          expect([next.code, next.messages[0]?.index]).toEqual([status.OK, 7n]);
        },
      ),
      { numRuns: 500 },
    );
    // All but what a busy machine holds up. A call that hangs has failed above: it has no right code.
    elapsedMs.sort((first, second) => first - second);
    expect(elapsedMs[Math.floor(elapsedMs.length * 0.99)]).toBeLessThan(1_000);
  });

  it("C5: 1,000 errors have 1,000 ids, and each is in the log with its cause", async () => {
    const logged = new Map<string | undefined, unknown>();
    let count = 0;
    const next = () => new Error(`cause ${++count}`);
    const { client } = await serveFixture(
      throwing(next, () => false),
      { onError: (error, _context, errorId) => logged.set(errorId, error) },
    );
    for (let index = 0; index < 1_000; index += 1) {
      const kind = callKinds[index % callKinds.length] ?? "unary";
      const { errorId, details } = callErrorOf(await callFixture(client, kind).outcome);
      expect([details, String(logged.get(errorId))]).toEqual([
        "internal error",
        `Error: cause ${index + 1}`,
      ]);
    }
    expect(logged.size).toBe(1_000);
  });
});
