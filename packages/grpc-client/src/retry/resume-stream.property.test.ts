import { Metadata, status } from "@grpc/grpc-js";
import { GrpcCallError } from "@grpc-kit/grpc-status";
import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  nat,
  option,
  record,
} from "fast-check";
import { describe, expect, it } from "vitest";
import { resumeStream } from "./resume-stream.ts";

const codes = [status.UNAVAILABLE, status.UNAVAILABLE, status.UNAVAILABLE, status.INTERNAL];

describe("resumeStream", () => {
  it("passes on each message once and in order, up to an error that it must not hide", async () => {
    await assert(
      asyncProperty(
        // What the server has: messages, some with a token.
        array(boolean(), { maxLength: 12 }),
        // Where its streams break off, and with which code.
        array(record({ after: nat(4), code: constantFrom(...codes) }), { maxLength: 8 }),
        // After how many messages the reader has enough.
        option(nat(12), { nil: undefined }),
        async (hasToken, breaks, enough) => {
          let opened = 0;
          let running = 0;
          async function* open(token: number | undefined): AsyncGenerator<number> {
            const fault = breaks[opened];
            opened += 1;
            running += 1;
            try {
              const rest = hasToken.map((_, index) => index).slice(token);
              yield* rest.slice(0, fault?.after);
              if (fault !== undefined) {
                const { code } = fault;
                throw new GrpcCallError({ code, details: "", metadata: new Metadata() });
              }
            } finally {
              running -= 1;
            }
          }
          const received: number[] = [];
          let code: status = status.OK;
          try {
            for await (const message of resumeStream({
              open,
              tokenOf: (index) => (hasToken[index] === true ? index + 1 : undefined),
              maxResumes: Number.POSITIVE_INFINITY,
              backoffBaseMs: 1,
              maxBackoffMs: 1,
            })) {
              received.push(message);
              if (received.length === enough) {
                break;
              }
            }
          } catch (error) {
            ({ code } = error as GrpcCallError);
          }
          const expected = model(hasToken, breaks, enough);
          expect({ count: received.length, code, opened }).toEqual(expected);
          expect(received).toEqual(hasToken.map((_, index) => index).slice(0, expected.count));
          expect(running).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** How many messages there must be, how it must end, and how many streams that takes. */
function model(
  hasToken: readonly boolean[],
  breaks: readonly { readonly after: number; readonly code: status }[],
  enough: number | undefined,
): { readonly count: number; readonly code: status; readonly opened: number } {
  let count = 0;
  for (const [index, { after, code }] of breaks.entries()) {
    const opened = index + 1;
    count = Math.min(count + after, hasToken.length);
    if (enough !== undefined && enough > 0 && enough <= count) {
      return { count: enough, code: status.OK, opened };
    }
    const canResume = count === 0 || hasToken[count - 1] === true;
    if (code !== status.UNAVAILABLE || !canResume) {
      return { count, code, opened };
    }
  }
  const isLeft = enough !== undefined && enough > 0 && enough <= hasToken.length;
  const all = isLeft ? enough : hasToken.length;
  return { count: all, code: status.OK, opened: breaks.length + 1 };
}
