import { status } from "@grpc/grpc-js";
import { isGrpcCallError } from "@grpc-kit/grpc-status";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { until } from "../../test/fake-clock.ts";
import { type FixtureServerOptions, serveFixture } from "../../test/fixture-server.ts";
import { type FixtureStub, type FixtureStubOptions, startStub } from "../../test/fixture-stub.ts";
import type { CallStatus } from "../stub/call-options.ts";
import { createCircuitRefusal, isCircuitOpen } from "./circuit-open.ts";

const timeoutMs = 30_000;
const request = Envelope.create();

// The clock of circuits alone, which stands still: how busy the machine is opens and closes none.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
});

/** A server that answers with the code that is set, and fails calls that "wait" when it is told to. */
async function start(options: FixtureStubOptions = {}) {
  const answers: { code: status } = { code: status.UNAVAILABLE };
  const failures: (() => void)[] = [];
  const server = await serveFixture({
    unary: (call, callback) => {
      if (call.request.text === "wait") {
        failures.push(() => callback({ code: status.UNAVAILABLE, details: "at last" }));
        return;
      }
      const { code } = answers;
      callback(code === status.OK ? null : { code, details: "as it was told" }, call.request);
    },
  });
  const changes: string[] = [];
  const stub = startStub(server.target, {
    retry: false,
    observer: { onCircuitChange: ({ to }) => changes.push(to) },
    ...options,
  });
  return { server, answers, failures, stub, changes };
}

const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

/** What each of these calls, one after another, ended with; OK for those that did not fail. */
async function codesOf(stub: FixtureStub, times: number): Promise<readonly status[]> {
  const codes: status[] = [];
  for (let time = 0; time < times; time += 1) {
    const error = await errorOf(stub.unary(request));
    codes.push(isGrpcCallError(error) ? error.code : status.OK);
  }
  return codes;
}

describe("a circuit", () => {
  it("opens after five calls that failed, however often each was sent, and sends no more", async () => {
    const { server, stub, changes } = await start({
      retry: { maxRetries: 1, backoffBaseMs: 1, throttling: false },
    });
    await codesOf(stub, 4);
    expect(changes).toEqual([]);
    await codesOf(stub, 1);
    expect(changes).toEqual(["OPEN"]);
    expect(server.calls).toBe(10);

    const told: CallStatus[] = [];
    const error = await errorOf(stub.unary(request, { onStatus: (ended) => told.push(ended) }));
    expect(isCircuitOpen(error)).toBe(true);
    expect(error).toMatchObject({ code: status.UNAVAILABLE, local: true, attempts: 0 });
    expect(told).toMatchObject([{ code: status.UNAVAILABLE, local: true, attempts: 0 }]);
    expect(server.calls).toBe(10);
  });

  it("G20: does not open by what says that the server works, or says nothing", async () => {
    const { answers, stub, changes } = await start();
    answers.code = status.NOT_FOUND;
    expect(new Set(await codesOf(stub, 1_000))).toEqual(new Set([status.NOT_FOUND]));

    for (let time = 0; time < 10; time += 1) {
      const caller = new AbortController();
      const call = errorOf(stub.unary({ ...request, text: "wait" }, { signal: caller.signal }));
      caller.abort();
      await expect(call).resolves.toMatchObject({ code: status.CANCELLED });
    }
    expect(changes).toEqual([]);
  });

  it("is not that of another method", async () => {
    const { stub } = await start({
      circuitBreaker: { threshold: 1 },
      defaultStreamTimeoutMs: 9_000,
    });
    await codesOf(stub, 1);
    expect(isCircuitOpen(await errorOf(stub.unary(request)))).toBe(true);
    await expect(stub.clientStream([request])).resolves.toEqual(request);
  });

  it("G19: lets one of 50 calls try once its time has passed; the others fail before it ends", async () => {
    const options = { circuitBreaker: { threshold: 1, timeoutMs } };
    const { server, answers, stub, changes } = await start(options);
    await codesOf(stub, 1);
    vi.advanceTimersByTime(timeoutMs);

    answers.code = status.OK;
    const caller = new AbortController();
    const probe = errorOf(stub.unary({ ...request, text: "wait" }, { signal: caller.signal }));
    const others = await Promise.all(
      Array.from({ length: 49 }, () => errorOf(stub.unary(request))),
    );
    expect(others.filter(isCircuitOpen)).toHaveLength(49);
    await until(() => server.calls === 2);
    caller.abort();
    await expect(probe).resolves.toMatchObject({ code: status.CANCELLED });
    expect(changes).toEqual(["OPEN", "HALF_OPEN"]);

    expect(await codesOf(stub, 2)).toEqual([status.OK, status.OK]);
    expect(changes).toEqual(["OPEN", "HALF_OPEN", "CLOSED"]);
    expect(server.calls).toBe(4);
  });

  it("L31: is not held up by a probe that hangs, nor changed by its end", async () => {
    const options = { circuitBreaker: { threshold: 1, timeoutMs } };
    const { server, answers, failures, stub, changes } = await start(options);
    await codesOf(stub, 1);
    vi.advanceTimersByTime(timeoutMs);
    answers.code = status.OK;
    const hung = errorOf(stub.unary({ ...request, text: "wait" }));
    await until(() => server.calls === 2);
    expect(isCircuitOpen(await errorOf(stub.unary(request)))).toBe(true);

    vi.advanceTimersByTime(timeoutMs);
    expect(await codesOf(stub, 1)).toEqual([status.OK]);
    failures[0]?.();
    await expect(hung).resolves.toMatchObject({ code: status.UNAVAILABLE, details: "at last" });
    expect(changes).toEqual(["OPEN", "HALF_OPEN", "CLOSED"]);
  });

  it("is not there if there is to be none", async () => {
    const { server, stub } = await start({ circuitBreaker: false });
    await codesOf(stub, 20);
    expect(server.calls).toBe(20);
  });
});

it("tells a refusal of the client from the same words of a server", async () => {
  const unary: FixtureServerOptions["unary"] = (_call, callback) =>
    callback(createCircuitRefusal("theirs", "/their.Service/Method")());
  const { target } = await serveFixture({ unary });
  const error = await errorOf(startStub(target).unary(request));
  expect(error).toMatchObject({ reason: "CIRCUIT_OPEN", domain: "grpc-kit.client", local: false });
  expect(isCircuitOpen(error)).toBe(false);
});
