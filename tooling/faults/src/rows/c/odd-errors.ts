import { Metadata } from "@grpc/grpc-js";
import { errorToStatus } from "@grpc-kit/grpc-status";
import fc from "fast-check";
import { fuzz } from "../../fuzz/fuzz.ts";
import { missUnless } from "../../harness/judge.ts";
import { wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { framed } from "../../wire/framing.ts";
import { textOnWire, wireCaller } from "../../wire/wire-calls.ts";
import { startFixtureServer } from "./fixture-server.ts";
import { logHas } from "./leaks.ts";
import { secret } from "./spoiled-store.ts";

const request = framed(Buffer.of());
const path = "/fixtures.FixtureService/Unary";

/** Any value at all, and errors with any fields that others have. */
const thrown = fc.oneof(
  fc.anything(),
  fc.record({
    code: fc.oneof(fc.integer(), fc.string(), fc.double()),
    details: fc.string(),
    message: fc.string(),
  }),
  fc
    .record({
      code: fc.anything(),
      details: fc.anything(),
      metadata: fc.anything(),
      cause: fc.anything(),
    })
    .map((fields) => Object.assign(new Error(secret), fields)),
  fc.constant(new Metadata()),
);

export const oddCodes: Row = {
  id: "C8",
  fault: "a code that is none (99, -1), an error that nobody knows, any value that is thrown",
  promise: "a code of 0 to 16, never OK, and nothing of what it was",
  isQuick: true,
  async run(harness) {
    const mapped = await fuzz(harness, {
      cases: thrown,
      quickRuns: 2_000,
      wholeRuns: 100_000,
      check: async (value) => {
        const { code, details } = errorToStatus(value);
        const isRight =
          Number.isInteger(code) && code >= 1 && code <= 16 && !details.includes(secret);
        return isRight ? undefined : `it became ${code}: ${details}`;
      },
    });
    const fixture = await startFixtureServer(harness);
    const caller = wireCaller(fixture);
    harness.onEnd(caller.close);
    const names: string[] = [];
    const leaks: string[] = [];
    for (const way of ["foreign", "status"]) {
      for (const code of ["-1", "0", "17", "99", "4294967295", "NaN", "0.5"]) {
        const outcome = await caller.call(path, request, { way, code });
        names.push(outcome.name);
        leaks.push(
          ...missUnless(
            !textOnWire(outcome).includes(secret),
            `${way} ${code} has sent the secret`,
          ),
        );
      }
    }
    return {
      measured: `${mapped.runs.toLocaleString("en")} values mapped by seed ${mapped.seed}; ${names.length} codes over the wire`,
      misses: [...mapped.misses, ...leaks, ...wrongAmong("a code that is none", names, "INTERNAL")],
    };
  },
};

export const illegalMetadata: Row = {
  id: "C9",
  fault:
    "a handler sets metadata that HTTP/2 cannot carry: a line break, other than ASCII, 1 MiB, text for bytes",
  promise: "it is dropped and logged, the rest and the right status arrive (grpc-server alone)",
  isQuick: false,
  async run(harness) {
    const fixture = await startFixtureServer(harness);
    const caller = wireCaller(fixture);
    harness.onEnd(caller.close);
    const answered = await caller.call(path, request, { how: "trailers" });
    const details = Buffer.from("no", "utf16le").toString("base64");
    const failed = await caller.call(path, request, {
      way: "metadata",
      code: "10",
      "details-bin": details,
    });
    const illegal = ["x-newline", "x-accent", "x-big", "x number"];
    const sent = [answered, failed].flatMap(({ headers }) =>
      illegal.filter((name) => name in headers),
    );
    return {
      measured: `${answered.name} and ${failed.name}, ${sent.length} of ${2 * illegal.length} sent`,
      misses: [
        ...wrongAmong("an answer", [answered.name], "OK"),
        ...wrongAmong("an error", [failed.name], "ABORTED"),
        ...sent.map((name) => `${name} was sent`),
        ...[answered, failed].flatMap(({ headers }) =>
          missUnless(headers["x-kept"] === "yes", "what can be sent was not"),
        ),
        ...missUnless(await logHas(fixture, "dropped"), "the log does not say what was dropped"),
        ...missUnless(fixture.isAlive(), "the fixture server has ended"),
      ],
    };
  },
};
