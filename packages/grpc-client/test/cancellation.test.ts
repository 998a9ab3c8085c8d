import { getEventListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { callKinds } from "@grpc-kit/testing";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import { collectGarbage } from "./collect-garbage.ts";
import { serveFixture } from "./fixture-server.ts";
import { type FixtureStub, outcomeOf, startStub } from "./fixture-stub.ts";

const request = Envelope.create();
const timeoutMs = 60_000;

function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length;
}

/** Makes a call of any kind, with one request. */
function make(stub: FixtureStub, kind: (typeof callKinds)[number], signal: AbortSignal) {
  const options = { timeoutMs, signal };
  return kind === "clientStream" || kind === "bidi"
    ? outcomeOf(stub[kind]([request], options))
    : outcomeOf(stub[kind](request, options));
}

describe("a signal", () => {
  it("has no listener left after 10,000 calls, nor one too many during them", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const { target } = await serveFixture();
    const stub = startStub(target);
    const { signal } = new AbortController();
    let most = 0;
    for (let round = 0; round < 100; round += 1) {
      const calls = Array.from({ length: 100 }, () => make(stub, "unary", signal));
      await nextTurn();
      most = Math.max(most, listenersOf(signal));
      await Promise.all(calls);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(100);
    expect(listenersOf(signal)).toBe(0);
    expect(warnings).toEqual([]);
  }, 60_000);

  it.each(callKinds)("that has aborted keeps a %s call from being sent", async (kind) => {
    const server = await serveFixture();
    const stub = startStub(server.target);
    const signal = AbortSignal.abort();
    expect((await make(stub, kind, signal)).code).toBe(status.CANCELLED);
    expect(listenersOf(signal)).toBe(0);
    // A call that is sent after it arrives after it.
    await make(stub, "unary", new AbortController().signal);
    expect(server.calls).toBe(1);
  });

  it("has no listener left after a stream that its reader left", async () => {
    const { target } = await serveFixture();
    const stub = startStub(target);
    const { signal } = new AbortController();
    for await (const _message of stub.serverStream(request, { timeoutMs, signal })) {
      expect(listenersOf(signal)).toBe(1);
      break;
    }
    expect(listenersOf(signal)).toBe(0);
  });
});

describe.each(["serverStream", "bidi"] as const)("leaving the loop over a %s call", (kind) => {
  async function* requests(): AsyncGenerator<Envelope> {
    yield request;
    await new Promise(() => {});
  }

  it.each(["break", "throw"])("by %s cancels it at the server", async (how) => {
    const server = await serveFixture();
    const stub = startStub(server.target);
    const call =
      kind === "bidi"
        ? stub.bidi(requests(), { timeoutMs })
        : stub.serverStream(request, { timeoutMs });
    const read = async (): Promise<void> => {
      for await (const _message of call) {
        expect(server.running).toBe(1);
        if (how === "throw") {
          throw new TypeError("thrown by the reader");
        }
        break;
      }
    };
    if (how === "throw") {
      await expect(read()).rejects.toThrow("thrown by the reader");
    } else {
      await read();
    }
    await expect.poll(() => server.running).toBe(0);
  });
});

it("F9: a storm of cancelled bidirectional calls leaves nothing behind", async () => {
  const server = await serveFixture();
  const stub = startStub(server.target, { circuitBreaker: false });
  let sources = 0;
  async function* requests(): AsyncGenerator<Envelope> {
    sources += 1;
    try {
      while (true) {
        yield request;
        await nextTurn();
      }
    } finally {
      sources -= 1;
    }
  }
  const codes = new Map<status, number>();
  const callAndCancel = async (index: number): Promise<void> => {
    const abort = new AbortController();
    const call = stub.bidi(requests(), { timeoutMs, signal: abort.signal });
    try {
      for await (const _message of call) {
        if (index % 2 === 0) {
          break;
        }
        abort.abort();
      }
    } catch (error) {
      const { code } = error as { code: status };
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(listenersOf(abort.signal)).toBe(0);
  };
  const storm = async (calls: number): Promise<void> => {
    for (let made = 0; made < calls; made += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => callAndCancel(index)));
    }
    await expect.poll(() => server.running + sources).toBe(0);
  };
  await storm(200);
  collectGarbage();
  const before = process.memoryUsage();
  await storm(2_000);
  collectGarbage();
  const after = process.memoryUsage();
  expect(after.heapUsed - before.heapUsed).toBeLessThan(16 * 2 ** 20);
  // nghttp2 has ended the connection meanwhile, for its many resets.
  expect(codes.get(status.INTERNAL)).toBeUndefined();
  expect(codes.get(status.CANCELLED)).toBeGreaterThan(500);
}, 60_000);
