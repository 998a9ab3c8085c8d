import { type Metadata, status } from "@grpc/grpc-js";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  audience,
  bearer,
  claims,
  issuer,
  reasonIn,
  rsa,
  sign,
} from "../../../test/auth-tokens.ts";
import { serveFixture } from "../../../test/serve-fixture.ts";
import type { InterceptedCall } from "../call-hook.ts";
import { auth } from "./auth.ts";
import { ExpiryCut } from "./expiry-cut.ts";
import { createJwtVerifier } from "./jwt-verifier.ts";

const streamKinds = callKinds.filter((kind) => kind !== "unary");
const verifier = createJwtVerifier({ issuer, audience, publicKey: rsa.publicKey });
const lifeMs = 1_000;

/** Handlers that never answer, and tell when their call is over. */
function hanging(over: string[]) {
  const hang = (call: { once(event: "cancelled", listener: () => void): unknown }): void => {
    call.once("cancelled", () => over.push("cancelled"));
  };
  return { unary: hang, serverStream: hang, clientStream: hang, bidi: hang };
}

async function shortLived(): Promise<{
  readonly metadata: Metadata;
  readonly expiresAtMs: number;
}> {
  const exp = (Date.now() + lifeMs) / 1_000;
  return { metadata: bearer(await sign(claims({ exp }))), expiresAtMs: exp * 1_000 };
}

describe("D17 a stream that outlives its token", () => {
  it.each(streamKinds)("ends when the token does: %s", async (kind) => {
    const over: string[] = [];
    const { client } = await serveFixture({
      interceptors: [auth({ verifier })],
      handlers: hanging(over),
    });
    const { metadata, expiresAtMs } = await shortLived();
    const outcome = await callFixture(client, kind, { metadata, keepOpen: true }).outcome;
    const lateMs = Date.now() - expiresAtMs;
    expect([outcome.code, reasonIn(outcome)]).toEqual([status.UNAUTHENTICATED, "TOKEN_EXPIRED"]);
    expect(lateMs).toBeGreaterThanOrEqual(-5);
    expect(lateMs).toBeLessThan(4_000);
    await expect.poll(() => over).toEqual(["cancelled"]);
  });

  it("goes on if it is told to, and so does a unary call", async () => {
    const { client } = await serveFixture({
      interceptors: [auth({ verifier, cutExpiredStreams: false })],
      handlers: hanging([]),
    });
    const { client: cutting } = await serveFixture({
      interceptors: [auth({ verifier })],
      handlers: hanging([]),
    });
    const { metadata } = await shortLived();
    const deadline = Date.now() + lifeMs + 500;
    const outcomes = await Promise.all([
      callFixture(client, "bidi", { metadata, deadline, keepOpen: true }).outcome,
      callFixture(cutting, "unary", { metadata, deadline }).outcome,
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([
      status.DEADLINE_EXCEEDED,
      status.DEADLINE_EXCEEDED,
    ]);
  });
});

describe("ExpiryCut", () => {
  afterEach(() => void vi.useRealTimers());

  function callThatFails(failures: unknown[]): InterceptedCall {
    return { fail: (error: unknown) => failures.push(error) } as unknown as InterceptedCall;
  }

  const identity = { subject: "ada", scopes: [], claims: {} };
  const month = 30 * 86_400_000;

  it("waits longer than a timer can", () => {
    vi.useFakeTimers();
    const failures: unknown[] = [];
    ExpiryCut.of(callThatFails(failures), { identity, expiresAtMs: Date.now() + 3 * month });
    vi.advanceTimersByTime(3 * month - 1);
    expect(failures).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(failures).toMatchObject([{ reason: "TOKEN_EXPIRED" }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves no timer behind", () => {
    vi.useFakeTimers();
    const failures: unknown[] = [];
    const cut = ExpiryCut.of(callThatFails(failures), {
      identity,
      expiresAtMs: Date.now() + month,
    });
    expect(vi.getTimerCount()).toBe(1);
    cut?.onEnd();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits for no end that never comes", () => {
    vi.useFakeTimers();
    expect(ExpiryCut.of(callThatFails([]), { identity, expiresAtMs: Infinity })).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves a call that came in by the tolerance of clocks as long", () => {
    vi.useFakeTimers();
    const failures: unknown[] = [];
    const expiresAtMs = Date.now() - 1_000;
    const caller = { identity, expiresAtMs, acceptedUntilMs: expiresAtMs + 5_000 };
    ExpiryCut.of(callThatFails(failures), caller);
    vi.advanceTimersByTime(3_999);
    expect(failures).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(failures).toHaveLength(1);
  });
});
