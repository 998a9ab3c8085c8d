import { type Metadata, status } from "@grpc/grpc-js";
import { currentCall, runInCall } from "@grpc-kit/grpc-context";
import { StatusError, UnauthorizedError } from "@grpc-kit/grpc-status";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { servedCall } from "../../test/client-served.ts";
import {
  type BearerToken,
  type BearerTokenCacheOptions,
  createBearerTokenCache,
} from "./bearer-token-cache.ts";

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
});

/** A cache, and the answers that its source is to give, in order. */
function cacheOf(options: Partial<BearerTokenCacheOptions> = {}) {
  const answers: PromiseWithResolvers<BearerToken>[] = [];
  const errors: unknown[] = [];
  const signals: AbortSignal[] = [];
  const cache = createBearerTokenCache({
    getToken(signal) {
      const answer = Promise.withResolvers<BearerToken>();
      answers.push(answer);
      signals.push(signal);
      return answer.promise;
    },
    refreshBeforeMs: 30_000,
    timeoutMs: 10_000,
    onError: (error) => errors.push(error),
    ...options,
  });
  const fill = async (token: BearerToken): Promise<void> => {
    const headers = cache.headers();
    answers.at(-1)?.resolve(token);
    await headers;
  };
  return { cache, answers, errors, signals, fill };
}

async function tokenOf(headers: Metadata | Promise<Metadata>): Promise<unknown> {
  return (await headers).get("authorization")[0];
}

const inAnHour = (): number => Date.now() + 3_600_000;

describe("createBearerTokenCache", () => {
  it("asks once for all who wait, and keeps what it gets", async () => {
    const { cache, answers } = cacheOf();
    const waiting = Array.from({ length: 100 }, () => cache.headers());
    expect(answers).toHaveLength(1);
    answers[0]?.resolve({ token: "a" });
    expect(new Set(await Promise.all(waiting.map(tokenOf)))).toEqual(new Set(["Bearer a"]));
    vi.advanceTimersByTime(365 * 24 * 3_600_000);
    expect(await tokenOf(cache.headers())).toBe("Bearer a");
    expect(answers).toHaveLength(1);
  });

  it("takes a token that comes at once", async () => {
    const { cache } = cacheOf({ getToken: () => ({ token: "a" }) });
    expect(await tokenOf(cache.headers())).toBe("Bearer a");
    expect(cache.headers()).not.toBeInstanceOf(Promise);
  });

  it("gets the next token before the last one expires, and holds nobody up", async () => {
    const { cache, answers, fill } = cacheOf();
    await fill({ token: "a", expiresAt: inAnHour() });
    vi.advanceTimersByTime(3_600_000 - 30_001);
    expect(await tokenOf(cache.headers())).toBe("Bearer a");
    expect(answers).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(await tokenOf(cache.headers())).toBe("Bearer a");
    expect(await tokenOf(cache.headers())).toBe("Bearer a");
    expect(answers).toHaveLength(2);
    answers[1]?.resolve({ token: "b", expiresAt: inAnHour() });
    await vi.advanceTimersByTimeAsync(0);
    expect(await tokenOf(cache.headers())).toBe("Bearer b");
  });

  it("asks no sooner than half-way through a short life", async () => {
    const { cache, answers, fill } = cacheOf();
    await fill({ token: "a", expiresAt: Date.now() + 1_000 });
    vi.advanceTimersByTime(499);
    cache.headers();
    expect(answers).toHaveLength(1);
    vi.advanceTimersByTime(1);
    cache.headers();
    expect(answers).toHaveLength(2);
  });

  it("uses no token that has expired", async () => {
    const { cache, answers, fill } = cacheOf();
    await fill({ token: "a", expiresAt: inAnHour() });
    vi.advanceTimersByTime(3_600_000);
    const headers = cache.headers();
    answers[1]?.resolve({ token: "b" });
    expect(await tokenOf(headers)).toBe("Bearer b");
  });

  it("gives those who waited what came, even if it has expired by our clock", async () => {
    const { cache, answers } = cacheOf();
    const headers = cache.headers();
    answers[0]?.resolve({ token: "a", expiresAt: Date.now() - 1 });
    expect(await tokenOf(headers)).toBe("Bearer a");
    expect(cache.headers()).toBeInstanceOf(Promise);
  });

  it("goes on with a good token when the next one fails, and asks once a second", async () => {
    const { cache, answers, errors, fill } = cacheOf();
    await fill({ token: "a", expiresAt: Date.now() + 60_000 });
    vi.advanceTimersByTime(30_000);
    cache.headers();
    answers[1]?.reject(new Error("the issuer is down"));
    await vi.advanceTimersByTimeAsync(0);
    expect(errors).toEqual([new Error("the issuer is down")]);
    vi.advanceTimersByTime(999);
    expect(await tokenOf(cache.headers())).toBe("Bearer a");
    expect(answers).toHaveLength(2);
    vi.advanceTimersByTime(1);
    cache.headers();
    expect(answers).toHaveLength(3);
  });

  it("fails those who wait with a text of its own, and asks anew for the next", async () => {
    const { cache, answers, errors } = cacheOf();
    const waiting = [cache.headers(), cache.headers()];
    const error = new Error("client_secret=s3cret is wrong");
    answers[0]?.reject(error);
    for (const settled of await Promise.allSettled(waiting)) {
      expect(settled).toMatchObject({
        reason: { code: status.UNAVAILABLE, details: "there is no bearer token at the moment" },
      });
    }
    expect(errors).toEqual([error]);
    const headers = cache.headers();
    answers[1]?.resolve({ token: "b" });
    expect(await tokenOf(headers)).toBe("Bearer b");
  });

  it.each([
    [new StatusError(status.UNAUTHENTICATED, "revoked"), status.UNAUTHENTICATED],
    [new UnauthorizedError("revoked"), status.UNAUTHENTICATED],
    [new StatusError(status.NOT_FOUND, "no issuer"), status.UNAVAILABLE],
    ["text", status.UNAVAILABLE],
    [undefined, status.UNAVAILABLE],
  ])("tells a refusal from a failure: %s", async (error, code) => {
    const { cache, answers } = cacheOf();
    const headers = cache.headers();
    answers[0]?.reject(error);
    await expect(headers).rejects.toMatchObject({ code });
  });

  it.each([
    [
      "a sync throw",
      () => {
        throw new Error("S3CR3T");
      },
    ],
    ["line ends", () => ({ token: "S3CR3T\r\nx: y" })],
    ["no ASCII", () => ({ token: "S3CR3Tä" })],
    ["a blank", () => ({ token: "S3CR3T x" })],
    ["no text", () => ({ token: "" })],
    ["no token", () => ({}) as BearerToken],
    ["nothing", () => undefined as unknown as BearerToken],
    ["no time", () => ({ token: "S3CR3T", expiresAt: Number.NaN })],
  ])("D14 refuses what cannot be sent without showing it: %s", async (_name, getToken) => {
    const { cache } = cacheOf({ getToken });
    const error = await Promise.resolve(cache.headers()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: status.UNAVAILABLE });
    expect(`${(error as Error).stack} ${JSON.stringify(error)}`).not.toContain("S3CR3T");
  });

  it("waits for no token longer than it may, and takes none that is late", async () => {
    const { cache, answers, signals, errors } = cacheOf({ timeoutMs: 5_000 });
    const headers = Promise.resolve(cache.headers()).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(signals[0]?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await headers).toMatchObject({ code: status.UNAVAILABLE });
    expect([signals[0]?.aborted, errors]).toEqual([
      true,
      [new Error("getToken took longer than 5000 ms")],
    ]);
    answers[0]?.resolve({ token: "late" });
    await vi.advanceTimersByTimeAsync(0);
    expect(cache.headers()).toBeInstanceOf(Promise);
    expect(answers).toHaveLength(2);
    answers[1]?.resolve({ token: "b" });
    await vi.advanceTimersByTimeAsync(0);
    expect([await tokenOf(cache.headers()), vi.getTimerCount()]).toEqual(["Bearer b", 0]);
  });

  it("drops the token that was refused, and no newer one", async () => {
    const { cache, answers, fill } = cacheOf();
    expect(cache.number()).toBe(1);
    await fill({ token: "a" });
    const number = cache.number();
    cache.drop(number);
    expect([number, cache.number()]).toEqual([1, 2]);
    await fill({ token: "b" });
    cache.drop(number);
    expect(await tokenOf(cache.headers())).toBe("Bearer b");
    expect(answers).toHaveLength(2);
  });

  it("asks outside of the call that needs the token first", async () => {
    const seen: unknown[] = [];
    const { cache } = cacheOf({
      getToken() {
        seen.push(currentCall());
        return { token: "a" };
      },
    });
    await runInCall(servedCall(), () => cache.headers());
    expect(seen).toEqual([undefined]);
  });
});
