import { getEventListeners } from "node:events";
import { Metadata, status } from "@grpc/grpc-js";
import { GrpcCallError, setRetryPushback } from "@grpc-kit/grpc-status";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ResumeStreamOptions, resumeStream } from "./resume-stream.ts";

function callError(code: status, delayMs?: number): GrpcCallError {
  const metadata = new Metadata();
  if (delayMs !== undefined) {
    setRetryPushback(metadata, delayMs);
  }
  return new GrpcCallError({ code, details: "", metadata });
}

const unavailable = callError(status.UNAVAILABLE);

interface Opened {
  readonly token: number | undefined;
  readonly atMs: number;
}

/** Streams that send these and then fail if the last is an error, one after the other. */
function scripted(...streams: readonly (readonly (number | Error)[])[]) {
  const opened: Opened[] = [];
  let closed = 0;
  async function* open(token: number | undefined): AsyncGenerator<number> {
    const steps = streams[opened.length] ?? [];
    opened.push({ token, atMs: Date.now() });
    try {
      for (const step of steps) {
        if (step instanceof Error) {
          throw step;
        }
        yield step;
      }
    } finally {
      closed += 1;
    }
  }
  return { open, opened, closed: () => closed };
}

async function read(
  options: ResumeStreamOptions<number, number>,
): Promise<{ messages: number[]; error: unknown }> {
  const messages: number[] = [];
  try {
    for await (const message of resumeStream(options)) {
      messages.push(message);
    }
    return { messages, error: undefined };
  } catch (error) {
    return { messages, error };
  }
}

/** Runs with time that passes at once. */
async function readFast(options: ResumeStreamOptions<number, number>) {
  const result = read(options);
  await vi.runAllTimersAsync();
  return result;
}

const tokenOf = (message: number): number => message;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  // The middle of the jitter.
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});

afterEach(() => {
  vi.useRealTimers();
});

function delays(opened: readonly Opened[]): readonly number[] {
  return opened.slice(1).map(({ atMs }, index) => atMs - (opened[index]?.atMs ?? Number.NaN));
}

describe("resumeStream", () => {
  it("goes on after the last message", async () => {
    const { open, opened } = scripted([1, 2, unavailable], [3, unavailable], [4]);
    expect(await readFast({ open, tokenOf })).toEqual({ messages: [1, 2, 3, 4], error: undefined });
    expect(opened.map(({ token }) => token)).toEqual([undefined, 2, 3]);
  });

  it("begins anew if nothing was there yet", async () => {
    const { open, opened } = scripted([unavailable], [1]);
    expect(await readFast({ open, tokenOf: () => undefined })).toMatchObject({ messages: [1] });
    expect(opened.map(({ token }) => token)).toEqual([undefined, undefined]);
  });

  it("takes a token of 0 or an empty one for a token", async () => {
    const { open, opened } = scripted([1, unavailable], [2]);
    await readFast({ open, tokenOf: () => 0 });
    expect(opened.map(({ token }) => token)).toEqual([undefined, 0]);
  });

  it("throws the error if it would not know where to go on", async () => {
    const { open, opened } = scripted([1, 2, 3, unavailable], [3]);
    const odd = (message: number) => (message === 2 ? message : undefined);
    expect(await readFast({ open, tokenOf: odd })).toEqual({
      messages: [1, 2, 3],
      error: unavailable,
    });
    expect(opened).toHaveLength(1);
  });

  it.each([
    ["that are not retryable", callError(status.INTERNAL)],
    ["for which the server asks for no other try", callError(status.UNAVAILABLE, 1 / 0)],
    ["of quotas without a delay", callError(status.RESOURCE_EXHAUSTED)],
    ["that are none of a call", Object.assign(new Error("x"), { retryable: true })],
  ])("throws errors %s as they are", async (_what, error) => {
    const { open, opened } = scripted([1, error], [2]);
    const result = await readFast({ open, tokenOf });
    expect(result.messages).toEqual([1]);
    expect(result.error).toBe(error);
    expect(opened).toHaveLength(1);
  });

  it("throws what `open` and `tokenOf` throw, and closes the stream", async () => {
    const error = new Error("x");
    const fail = () => {
      throw error;
    };
    expect(await readFast({ open: fail, tokenOf })).toEqual({ messages: [], error });
    const { open, opened, closed } = scripted([1]);
    expect(await readFast({ open, tokenOf: fail })).toEqual({ messages: [], error });
    expect([opened.length, closed()]).toEqual([1, 1]);
  });

  it("waits longer each time, and gives up after maxResumes with nothing in between", async () => {
    const { open, opened } = scripted(...Array.from({ length: 9 }, () => [unavailable]));
    const backoff = { maxResumes: 5, backoffBaseMs: 100, maxBackoffMs: 1_000 };
    const { error } = await readFast({ open, tokenOf, ...backoff });
    expect(error).toBe(unavailable);
    expect(delays(opened)).toEqual([100, 200, 400, 800, 1_000]);
  });

  it("waits and counts anew after a message", async () => {
    const fail = [unavailable];
    const { open, opened } = scripted(fail, fail, [1, unavailable], fail, fail, fail);
    const { messages, error } = await readFast({ open, tokenOf, maxResumes: 2 });
    expect([messages, error]).toEqual([[1], unavailable]);
    expect(delays(opened)).toEqual([100, 200, 100, 200]);
  });

  it.each([
    [0, 80],
    [0.999_999, 120],
  ])("has a jitter of a fifth (%d)", async (random, delayMs) => {
    vi.spyOn(Math, "random").mockReturnValue(random);
    const { open, opened } = scripted([unavailable], [1]);
    await readFast({ open, tokenOf });
    expect(delays(opened)).toEqual([delayMs]);
  });

  it("waits no less than the server asks", async () => {
    const short = callError(status.UNAVAILABLE, 5);
    const long = callError(status.RESOURCE_EXHAUSTED, 5_000);
    const longest = callError(status.UNAVAILABLE, 2 ** 31 - 1);
    // As RetryInfo may have it: longer than a timer can be.
    Object.defineProperty(longest, "retryDelayMs", { value: 2 ** 40 });
    const { open, opened } = scripted([short], [long], [longest], [1]);
    expect(await readFast({ open, tokenOf })).toMatchObject({ messages: [1] });
    expect(delays(opened)).toEqual([100, 5_000, 2 ** 31 - 1]);
  });

  it("ends the open stream when the loop is left", async () => {
    const { open, opened, closed } = scripted([1, 2, 3]);
    for await (const message of resumeStream({ open, tokenOf })) {
      expect([message, closed()]).toEqual([1, 0]);
      break;
    }
    expect([opened.length, closed()]).toEqual([1, 1]);
  });

  it("stops waiting when the signal aborts, and leaves no listener", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const { open, opened } = scripted([1, unavailable], [2, unavailable], [3]);
    const result = read({ open, tokenOf, signal });
    await vi.advanceTimersByTimeAsync(100);
    expect([opened.length, getEventListeners(signal, "abort").length]).toEqual([2, 1]);
    const reason = new Error("enough");
    controller.abort(reason);
    const { messages, error } = await result;
    expect([messages, opened.length, vi.getTimerCount()]).toEqual([[1, 2], 2, 0]);
    expect(error).toMatchObject({ name: "GrpcCallError", code: status.CANCELLED, cause: reason });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("does not wait at all if the signal aborts while a stream fails", async () => {
    const controller = new AbortController();
    async function* open(): AsyncGenerator<number> {
      yield 1;
      controller.abort();
      throw unavailable;
    }
    const { messages, error } = await read({ open, tokenOf, signal: controller.signal });
    expect([messages, error]).toMatchObject([[1], { code: status.CANCELLED }]);
  });

  it("opens nothing with a signal that has aborted", async () => {
    const { open, opened } = scripted([1]);
    const { error } = await read({ open, tokenOf, signal: AbortSignal.abort() });
    expect(error).toMatchObject({ code: status.CANCELLED });
    expect(opened).toEqual([]);
  });

  const open = () => scripted().open(undefined);

  it.each<[string, object]>([
    ["open must be a function, got undefined", { tokenOf }],
    ["tokenOf must be a function, got 'id'", { open, tokenOf: "id" }],
    [
      "maxResumes must be an integer from 1 to 9007199254740991, got 0",
      { open, tokenOf, maxResumes: 0 },
    ],
    [
      "backoffBaseMs must be a number from 1 to 86400000, got 0",
      { open, tokenOf, backoffBaseMs: 0 },
    ],
    [
      "backoffBaseMs must be at most maxBackoffMs, 10000, got 20000",
      { open, tokenOf, backoffBaseMs: 20_000 },
    ],
    ["options must be of open, tokenOf, maxResumes,", { open, tokenOf, maxRetries: 1 }],
  ])("throws at once: %s", (message, options) => {
    expect(() => resumeStream(options as ResumeStreamOptions<number, number>)).toThrow(message);
  });
});
