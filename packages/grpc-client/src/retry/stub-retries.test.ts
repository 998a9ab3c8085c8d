import { status } from "@grpc/grpc-js";
import { type CallKind, callKinds } from "@grpc-kit/testing";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import {
  type FixtureStub,
  type FixtureStubOptions,
  outcomeOf,
  startStub,
} from "../../test/fixture-stub.ts";
import { type Answer, ok, serveAttempts, unavailable } from "../../test/serve-attempts.ts";
import { resumeStream } from "./resume-stream.ts";

const fast = { backoffBaseMs: 1, maxBackoffMs: 1, throttling: false } as const;
const request = Envelope.create({});

/** Answers attempts in turn, the later ones as the last. */
async function serve(answers: readonly Answer[], options: FixtureStubOptions = {}) {
  const { port, attempts } = await serveAttempts(
    (_attempt, position) => answers[Math.min(position, answers.length - 1)],
  );
  const stub = startStub(`127.0.0.1:${port}`, {
    retry: fast,
    circuitBreaker: false,
    defaultStreamTimeoutMs: 10_000,
    ...options,
  });
  return { attempts, stub };
}

function call(stub: FixtureStub, kind: CallKind, options: { readonly retry?: false } = {}) {
  return outcomeOf(
    {
      unary: () => stub.unary(request, options),
      clientStream: () => stub.clientStream([request, request], options),
      serverStream: () => stub.serverStream(request, options),
      bidi: () => stub.bidi([request, request], options),
    }[kind](),
  );
}

describe("retries of stubs", () => {
  it.each(callKinds)("are for %s methods that a descriptor says are idempotent", async (kind) => {
    const { attempts, stub } = await serve([unavailable, unavailable, ok]);
    expect(await call(stub, kind)).toMatchObject({ code: status.OK, messages: [{}] });
    expect(attempts).toHaveLength(3);
  });

  it.each(callKinds)("are not for %s methods that nothing is said of", async (kind) => {
    const { attempts, stub } = await serve([unavailable, ok], { descriptorSets: [] });
    expect((await call(stub, kind)).code).toBe(status.UNAVAILABLE);
    expect(attempts).toHaveLength(1);
  });

  it("are not for calls with retry: false", async () => {
    const { attempts, stub } = await serve([unavailable, ok]);
    expect((await call(stub, "unary", { retry: false })).code).toBe(status.UNAVAILABLE);
    expect(attempts).toHaveLength(1);
  });

  // https://google.aip.dev/194 has no more than UNAVAILABLE; a quota may need hours.
  it("come after UNAVAILABLE only, unless other codes are given", async () => {
    for (const codes of [undefined, [status.RESOURCE_EXHAUSTED], [status.INTERNAL]]) {
      const retry = { ...fast, ...(codes && { codes }) };
      for (let code: status = 1; code <= 16; code += 1) {
        const { attempts, stub } = await serve([{ code }, ok], { retry });
        const isRetried = (codes ?? [status.UNAVAILABLE]).includes(code);
        expect([codes, code, (await call(stub, "unary")).code]).toEqual([
          codes,
          code,
          isRetried ? status.OK : code,
        ]);
        expect(attempts).toHaveLength(isRetried ? 2 : 1);
      }
    }
  });
});

describe("resumeStream", () => {
  it("goes on with a stream of a stub, which alone sends it once", async () => {
    const breakOff = { ...unavailable, messages: [{ index: 1n }, { index: 2n }] };
    const rest = { ...ok, messages: [{ index: 3n }] };
    const { attempts, stub } = await serve([unavailable, breakOff, unavailable, rest]);
    const received: bigint[] = [];
    for await (const { index } of resumeStream({
      open: (token: bigint | undefined) =>
        stub.serverStream(Envelope.create({ index: token ?? 0n }), { retry: false }),
      tokenOf: ({ index }) => index,
      backoffBaseMs: 1,
    })) {
      received.push(index);
    }
    expect(received).toEqual([1n, 2n, 3n]);
    expect(attempts.map(({ requests }) => requests[0]?.index)).toEqual([0n, 0n, 2n, 2n]);
    expect(attempts.every(({ headers }) => !("grpc-previous-rpc-attempts" in headers))).toBe(true);
  });
});
