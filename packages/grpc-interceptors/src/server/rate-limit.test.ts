import { status } from "@grpc/grpc-js";
import { findDetail, retryPushbackMs } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import type { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, vi } from "vitest";
import { as, believe } from "../../test/limits-identity.ts";
import { serveFixture } from "../../test/serve-fixture.ts";
import type { InterceptedCall } from "./call-hook.ts";
import { type RateLimitOptions, rateLimit } from "./rate-limit.ts";
import { serverInterceptor } from "./server-interceptor.ts";
import type { RateLimitStore } from "./token-bucket.ts";

// So slow that no token comes back within a test.
const ratePerSecond = 0.001;

async function clientOf(options: RateLimitOptions): Promise<FixtureServiceClient> {
  const { client } = await serveFixture({ interceptors: [believe, rateLimit(options)] });
  return client;
}

async function codesOf(client: FixtureServiceClient, calls: number, subject = "ada") {
  const codes: string[] = [];
  for (let index = 0; index < calls; index += 1) {
    const { code } = await callFixture(client, "unary", { metadata: as(subject) }).outcome;
    codes.push(status[code]);
  }
  return codes;
}

const messages = (count: number) => Array.from({ length: count }, () => ({ text: "m" }));

describe("rateLimit", () => {
  it.each(callKinds)("refuses a call past the limit before its handler runs: %s", async (kind) => {
    const [runs, limited]: [string[], string[]] = [[], []];
    const count = serverInterceptor(({ method }) => {
      runs.push(method.path);
      return undefined;
    });
    const onLimited = ({ method }: InterceptedCall, key: string) =>
      limited.push(`${key} ${method.path}`);
    const { client } = await serveFixture({
      interceptors: [believe, rateLimit({ ratePerSecond, burst: 1, onLimited }), count],
    });
    const metadata = as("ada");
    expect((await callFixture(client, kind, { metadata }).outcome).code).toBe(status.OK);
    const { code, headers } = await callFixture(client, kind, { metadata }).outcome;
    expect([code, headers]).toEqual([status.RESOURCE_EXHAUSTED, undefined]);
    expect(runs).toHaveLength(1);
    expect(limited).toEqual([`identity:ada ${runs[0]}`]);
  });

  it("tells when to try again, and what the limit is, for programs", async () => {
    const client = await clientOf({ ratePerSecond: 0.01, burst: 1 });
    await codesOf(client, 1);
    const { trailers, ...outcome } = await callFixture(client, "unary", { metadata: as("ada") })
      .outcome;
    const error = Object.assign(new Error(), { ...outcome, metadata: trailers });
    const pushbackMs = retryPushbackMs(trailers) ?? 0;
    expect(trailers.get("grpc-retry-pushback-ms")[0]).toMatch(/^\d+$/);
    expect(pushbackMs).toBeGreaterThan(0);
    expect(pushbackMs).toBeLessThanOrEqual(100_000);
    const { retryDelay } = findDetail(error, "retryInfo") ?? {};
    expect(Number(retryDelay?.seconds) * 1_000 + Number(retryDelay?.nanos) / 1e6).toBe(pushbackMs);
    expect(findDetail(error, "errorInfo")?.reason).toBe("RATE_LIMITED");
    expect(findDetail(error, "quotaFailure")?.violations).toMatchObject([
      { subject: "identity", description: "0.01 calls per second, 1 at once" },
    ]);
  });

  it("F8 lets one caller's greed be no other's loss", async () => {
    const client = await clientOf({ ratePerSecond, burst: 3 });
    const greedy = await codesOf(client, 20, "greedy");
    expect(greedy.filter((code) => code === "OK")).toHaveLength(3);
    expect(await codesOf(client, 3, "polite")).toEqual(["OK", "OK", "OK"]);
  });

  it("counts by address where there is no identity, whatever the connection", async () => {
    const interceptors = [believe, rateLimit({ ratePerSecond, burst: 1 })];
    const { client } = await serveFixture({ interceptors });
    const { client: other } = await serveFixture({ interceptors });
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    expect((await callFixture(other, "unary").outcome).code).toBe(status.RESOURCE_EXHAUSTED);
    expect(await codesOf(other, 1)).toEqual(["OK"]);
  });

  it("counts by what a function says, and does not limit what it has no key for", async () => {
    const key = ({ metadata }: InterceptedCall) => {
      const subject = String(metadata.get("test-subject")[0]);
      return subject === "probe" ? undefined : "everyone";
    };
    const client = await clientOf({ key, ratePerSecond, burst: 1 });
    expect(await codesOf(client, 3, "probe")).toEqual(["OK", "OK", "OK"]);
    expect(await codesOf(client, 1, "ada")).toEqual(["OK"]);
    expect(await codesOf(client, 1, "bob")).toEqual(["RESOURCE_EXHAUSTED"]);
  });

  it('counts all calls of an address with the key "peer"', async () => {
    const client = await clientOf({ key: "peer", ratePerSecond, burst: 2 });
    expect(await codesOf(client, 1, "ada")).toEqual(["OK"]);
    expect(await codesOf(client, 2, "bob")).toEqual(["OK", "RESOURCE_EXHAUSTED"]);
  });

  it.each(["clientStream", "bidi"] as const)(
    "F13 ends a stream that sends too many messages: %s",
    async (kind) => {
      let received = 0;
      const count = serverInterceptor(() => ({ onMessage: () => (received += 1) }));
      const limit = rateLimit({ ratePerSecond, burst: 10, perMessage: true });
      const { client } = await serveFixture({ interceptors: [believe, limit, count] });
      const { code } = await callFixture(client, kind, { requests: messages(2_000) }).outcome;
      expect([code, received]).toEqual([status.RESOURCE_EXHAUSTED, 10]);
    },
  );

  it.each(callKinds)("counts a call of one message once, with perMessage: %s", async (kind) => {
    const client = await clientOf({ ratePerSecond, burst: 1, perMessage: true });
    expect((await callFixture(client, kind).outcome).code).toBe(status.OK);
  });

  describe("with a store that others share", () => {
    const shared = (take: RateLimitStore["take"]) => ({ store: { take } });

    it("waits for its verdict", async () => {
      const left = new Map([["identity:ada", 2]]);
      const client = await clientOf(
        shared(async (key, cost) => {
          const rest = (left.get(key) ?? 0) - cost;
          left.set(key, rest);
          return { allowed: rest >= 0, retryAfterMs: 70 };
        }),
      );
      expect(await codesOf(client, 3)).toEqual(["OK", "OK", "RESOURCE_EXHAUSTED"]);
      const { trailers } = await callFixture(client, "bidi", { metadata: as("ada") }).outcome;
      expect(retryPushbackMs(trailers)).toBe(70);
    });

    it("ends a stream by its later verdict", async () => {
      let taken = 0;
      const client = await clientOf({
        perMessage: true,
        ...shared(async () => {
          taken += 1;
          return { allowed: taken < 5, retryAfterMs: 0 };
        }),
      });
      const call = callFixture(client, "bidi", { requests: messages(20), keepOpen: true });
      expect((await call.outcome).code).toBe(status.RESOURCE_EXHAUSTED);
    });

    it("refuses with a verdict whose delay is none", async () => {
      const client = await clientOf(shared(() => ({ allowed: false, retryAfterMs: Number.NaN })));
      expect(await codesOf(client, 1)).toEqual(["RESOURCE_EXHAUSTED"]);
    });

    it.each<[string, RateLimitStore["take"]]>([
      [
        "throws",
        () => {
          throw new Error("S3CR3T");
        },
      ],
      ["rejects", () => Promise.reject(new Error("S3CR3T"))],
      ["hangs", () => new Promise(() => {})],
    ])("goes on without one that %s, or refuses with UNAVAILABLE", async (_how, take) => {
      const failures: unknown[] = [];
      const options: RateLimitOptions = {
        ...shared(take),
        storeTimeoutMs: 20,
        onStoreFailure: (error) => failures.push(error),
      };
      expect(await codesOf(await clientOf(options), 2)).toEqual(["OK", "OK"]);
      expect(failures).toHaveLength(2);
      const closed = await clientOf({ ...options, onStoreError: "closed" });
      const { code, details } = await callFixture(closed, "unary").outcome;
      expect(code).toBe(status.UNAVAILABLE);
      expect(details).not.toContain("S3CR3T");
    });

    it("says once that the store fails, until it has answered again", async () => {
      const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
      let isBroken = true;
      const client = await clientOf(
        shared(() => {
          if (isBroken) {
            throw new Error("no store");
          }
          return { allowed: true, retryAfterMs: 0 };
        }),
      );
      await codesOf(client, 3);
      isBroken = false;
      await codesOf(client, 1);
      isBroken = true;
      await codesOf(client, 2);
      expect(stderr.mock.calls.filter(([line]) => String(line).includes("no store"))).toHaveLength(
        2,
      );
    });
  });

  it.each<[RateLimitOptions, string]>([
    [{}, "ratePerSecond must be a number above 0, got undefined"],
    [{ ratePerSecond: 1, burst: 0 }, "burst must be a number from 1, got 0"],
    [{ ratePerSecond: 1, storeTimeoutMs: 0 }, "storeTimeoutMs must be milliseconds above 0, got 0"],
    [
      { ratePerSecond: 1, key: "ip" as "peer" },
      'key must be "identity", "peer" or a function, got ip',
    ],
    [
      { ratePerSecond: 1, onStoreError: "shut" as "open" },
      'onStoreError must be "open" or "closed", got shut',
    ],
    [
      { burst: 3, store: { take: () => ({ allowed: true, retryAfterMs: 0 }) } },
      "burst must not be given with a store, got 3",
    ],
  ])("refuses %o", (options, message) => {
    expect(() => rateLimit(options)).toThrow(message);
  });
});
