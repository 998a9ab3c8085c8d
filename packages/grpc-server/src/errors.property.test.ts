import { status } from "@grpc/grpc-js";
import { NotFoundError, StatusError, TimeoutError, ValidationError } from "@grpc-kit/grpc-status";
import { type CallKind, callFixture, callKinds } from "@grpc-kit/testing";
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

interface Fault {
  readonly thrown: unknown;
  /** What it must become. */
  readonly code: status;
}

const hardTexts = [
  "x".repeat(1_000_000),
  "🦊".repeat(500_000).slice(0, -1),
  "\ud800",
  "\0",
  "a\r\nb",
  "",
];

/** Each kind of thing that can be thrown, with this text wherever there is a place for it. */
function faultsWith(text: string): readonly Fault[] {
  const fields = { resource: { type: text, name: text }, metadata: { [text]: text } };
  const errorDetails = {
    errorInfo: { domain: text, metadata: new Map([[text, text]]) },
    badRequest: { fieldViolations: [{ field: text, description: text }] },
  };
  const internal = status.INTERNAL;
  return [
    { thrown: new StatusError(status.ABORTED, text, { errorDetails }), code: status.ABORTED },
    { thrown: new NotFoundError(text, fields), code: status.NOT_FOUND },
    {
      thrown: new ValidationError([{ field: text, description: text }]),
      code: status.INVALID_ARGUMENT,
    },
    { thrown: new TimeoutError(text), code: status.DEADLINE_EXCEEDED },
    { thrown: new Error(text), code: internal },
    { thrown: Object.assign(new Error(text), { code: 5, details: text }), code: internal },
    { thrown: { code: 5, details: text }, code: internal },
    { thrown: text, code: internal },
  ];
}

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  // UTF-16 code units at random: lone surrogates, NUL, newlines.
  fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
);

const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  fc.tuple(anyText, fc.nat(7)).map(([text, index]) => faultsWith(text)[index] as Fault),
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
    const check = async (fault: Fault, kind: CallKind, isLate: boolean): Promise<void> => {
      [isFailing, isAfterFirst, thrown] = [true, isLate, fault.thrown];
      const startMs = performance.now();
      const { code } = await callFixture(client, kind).outcome;
      elapsedMs.push(performance.now() - startMs);
      expect(code).toBe(fault.code);
      isFailing = false;
      const next = await callFixture(client, "unary").outcome;
      expect([next.code, next.messages[0]?.index]).toEqual([status.OK, 7n]);
    };
    for (const fault of hardTexts.flatMap(faultsWith)) {
      for (const kind of callKinds) {
        await check(fault, kind, false);
        await check(fault, kind, true);
      }
    }
    await fc.assert(
      fc.asyncProperty(anyFault, fc.constantFrom(...callKinds), fc.boolean(), check),
      { numRuns: 300 },
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
