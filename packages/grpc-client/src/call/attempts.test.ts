import { setTimeout as delay } from "node:timers/promises";
import { Metadata, status } from "@grpc/grpc-js";
import { isGrpcCallError } from "@grpc-kit/grpc-status";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import type { FixtureStubOptions } from "../../test/fixture-stub.ts";
import { openStub } from "../../test/open-stub.ts";
import { serveAttempts, unavailable } from "../../test/serve-attempts.ts";
import type { AttemptFailure } from "../client-options.ts";

const request = Envelope.create({ text: "hi" });
const quick = { backoffBaseMs: 1, maxBackoffMs: 1 };
const { INTERNAL, NOT_FOUND, OK, UNAVAILABLE } = status;

/** Answers with these codes, the last again and again, with an observer of what fails. */
async function start(codes: readonly status[], options: FixtureStubOptions = {}) {
  const server = await serveAttempts((_attempt, position) => {
    const code = codes[position] ?? codes.at(-1) ?? OK;
    return code === OK ? { code, messages: [{}] } : { code };
  });
  const failures: AttemptFailure[] = [];
  const open = openStub(`127.0.0.1:${server.port}`, {
    retry: { ...quick, throttling: false },
    circuitBreaker: false,
    observer: { onAttemptFailed: (failure) => void failures.push(failure) },
    ...options,
  });
  return { ...open, server, failures };
}

/** Longer than any backoff here. */
async function nothingMore(attempts: readonly unknown[], count: number): Promise<void> {
  await delay(100);
  expect(attempts).toHaveLength(count);
}

async function failureOf(call: Promise<unknown>): Promise<{ code: status; attempts?: number }> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isGrpcCallError(error)) {
    throw new Error("the call did not fail as calls do", { cause: error });
  }
  const { code, attempts = -1 } = error;
  return { code, attempts };
}

describe("a call's attempts", () => {
  it("are told and counted, of a call that succeeds and of one that does not", async () => {
    const { stub, server, failures } = await start([UNAVAILABLE, UNAVAILABLE, OK, NOT_FOUND]);
    const ends: number[] = [];
    await stub.unary(request, { onStatus: ({ attempts }) => ends.push(attempts) });
    expect(ends).toEqual([3]);
    expect(await failureOf(stub.unary(request))).toEqual({ code: NOT_FOUND, attempts: 1 });
    expect(server.attempts).toHaveLength(4);
    const target = `127.0.0.1:${server.port}`;
    const path = "/fixtures.FixtureService/Unary";
    expect(failures).toEqual([
      { target, path, attempt: 1, code: UNAVAILABLE, details: "" },
      { target, path, attempt: 2, code: UNAVAILABLE, details: "" },
      { target, path, attempt: 1, code: NOT_FOUND, details: "" },
    ]);
  });

  it("are none of a call that is not sent", async () => {
    const { stub, channel, server } = await start([OK]);
    await channel.close();
    expect(await failureOf(stub.unary(request))).toEqual({ code: UNAVAILABLE, attempts: 0 });
    expect(server.attempts).toHaveLength(0);
  });

  it("go on if the observer throws, of which a warning tells", async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): number => warnings.push(message);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const { stub } = await start([UNAVAILABLE, OK], {
      observer: {
        onAttemptFailed() {
          throw new Error("from the observer");
        },
      },
    });
    await stub.unary(request);
    await expect
      .poll(() => warnings)
      .toEqual(["an observer of grpc clients has thrown: Error: from the observer"]);
  });

  it("do not follow INTERNAL of a server, which grpc-js is told to repeat", async () => {
    const { stub, server, failures } = await start([INTERNAL]);
    expect(await failureOf(stub.unary(request))).toEqual({ code: INTERNAL, attempts: 1 });
    await nothingMore(server.attempts, 1);
    expect(failures).toHaveLength(1);
  });

  it("follow INTERNAL if that is wanted", async () => {
    const codes = [INTERNAL];
    const { stub, server } = await start([INTERNAL, INTERNAL, OK], { retry: { ...quick, codes } });
    await stub.unary(request);
    expect(server.attempts).toHaveLength(3);
  });
});

describe("F6: a server's pushback", () => {
  it.each(["abc", "12abc", "", "2147483648", "-5", "-1", "1.5", "0, 5"])(
    "that is %j ends the call with the server's status, and no more is sent",
    async (pushback) => {
      const trailers = { "grpc-retry-pushback-ms": pushback, "x-of": "the server" };
      const server = await serveAttempts(() => ({ code: UNAVAILABLE, trailers }));
      const { stub, channel } = openStub(`127.0.0.1:${server.port}`, { retry: quick });
      const error = await stub.unary(request).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: UNAVAILABLE, attempts: 1, local: false });
      expect(isGrpcCallError(error) && error.metadata.get("x-of")).toEqual(["the server"]);
      expect(channel.openCalls).toBe(0);
      await nothingMore(server.attempts, 1);
    },
  );

  it("beyond the deadline ends the call at once", async () => {
    const trailers = { "grpc-retry-pushback-ms": "60000" };
    const server = await serveAttempts(() => ({ code: UNAVAILABLE, trailers }));
    const { stub } = openStub(`127.0.0.1:${server.port}`);
    const call = stub.unary(request, { timeoutMs: 50_000 });
    expect(await failureOf(call)).toEqual({ code: UNAVAILABLE, attempts: 1 });
  });

  it("before the deadline is waited for", async () => {
    const trailers = { "grpc-retry-pushback-ms": "20" };
    const server = await serveAttempts((_attempt, position) =>
      position === 0 ? { ...unavailable, trailers } : { code: OK, messages: [{}] },
    );
    const { stub } = openStub(`127.0.0.1:${server.port}`);
    await stub.unary(request);
    expect(server.attempts).toHaveLength(2);
  });
});

it("a call that hands on how often another was sent is a first attempt", async () => {
  const { stub, server } = await start([OK]);
  const metadata = new Metadata();
  metadata.set("grpc-previous-rpc-attempts", "3");
  await stub.unary(request, { metadata, retry: false });
  expect(server.attempts[0]?.headers).not.toHaveProperty("grpc-previous-rpc-attempts");
});

describe("retry: false", () => {
  const once = { retry: false } as const;

  it("keeps a call from being sent again that would be", async () => {
    const { stub, server, failures } = await start([UNAVAILABLE]);
    expect(await failureOf(stub.unary(request, once))).toEqual({ code: UNAVAILABLE, attempts: 1 });
    await nothingMore(server.attempts, 1);
    expect(failures).toHaveLength(1);
  });

  it("keeps the copies of a hedged call from being sent", async () => {
    const hedging = { delayMs: 0, maxAttempts: 5 };
    const server = await serveAttempts(() => undefined);
    const { stub } = openStub(`127.0.0.1:${server.port}`, { methods: { unary: { hedging } } });
    const abort = new AbortController();
    const call = stub.unary(request, { ...once, signal: abort.signal });
    await expect.poll(() => server.attempts.length).toBe(1);
    await nothingMore(server.attempts, 1);
    abort.abort();
    expect((await failureOf(call)).attempts).toBe(1);
  });

  it("tells of the failure of a hedged call at once", async () => {
    const hedging = { delayMs: 60_000 };
    const { stub, server } = await start([UNAVAILABLE], { methods: { unary: { hedging } } });
    expect(await failureOf(stub.unary(request, once))).toEqual({ code: UNAVAILABLE, attempts: 1 });
    await nothingMore(server.attempts, 1);
  });

  it.each(["retry", "hedging"] as const)(
    "fails at once where nobody listens, whatever the method's policy: %s",
    async (policy) => {
      const methods =
        policy === "retry"
          ? { unary: { retry: { maxRetries: 4, backoffBaseMs: 30_000, maxBackoffMs: 30_000 } } }
          : { unary: { hedging: { delayMs: 30_000 } } };
      const { stub } = openStub("127.0.0.1:1", { methods });
      const call = stub.unary(request, { ...once, timeoutMs: 25_000 });
      expect(await failureOf(call)).toEqual({ code: UNAVAILABLE, attempts: 0 });
    },
  );

  it("beside waitForReady waits for somebody who listens", async () => {
    const { port } = await serveAttempts(() => ({ code: OK, messages: [{}] }));
    const { stub } = openStub(`127.0.0.1:${port}`);
    await stub.unary(request, { ...once, waitForReady: true });
    const { stub: nobody } = openStub("127.0.0.1:1");
    const call = nobody.unary(request, { ...once, waitForReady: true, timeoutMs: 300 });
    expect(await failureOf(call)).toEqual({ code: status.DEADLINE_EXCEEDED, attempts: 0 });
  });
});
