import { setTimeout as delay } from "node:timers/promises";
import { Metadata } from "@grpc/grpc-js";
import { describe, expect, it, vi } from "vitest";
import { callValues } from "./call-values.ts";
import { currentCall, runInCall, type ServedCall } from "./served-call.ts";

function callTo(path: string): ServedCall {
  const metadata = new Metadata();
  const { signal } = new AbortController();
  const values = callValues(metadata);
  return {
    path,
    metadata,
    deadline: Number.POSITIVE_INFINITY,
    signal,
    get: (key) => values.get(key),
    set: (key, value) => values.set(key, value),
  };
}

describe("currentCall", () => {
  it("is undefined outside of a call", () => {
    expect(currentCall()).toBeUndefined();
  });

  it("follows await, timers and async generators, each call its own", async () => {
    async function* paths(): AsyncGenerator<string | undefined> {
      yield currentCall()?.path;
      await delay(2);
      yield currentCall()?.path;
    }
    const seenIn = (path: string) =>
      runInCall(callTo(path), async () => {
        const seen = [currentCall()?.path];
        for await (const inGenerator of paths()) {
          seen.push(inGenerator);
        }
        return seen;
      });
    const [first, second] = await Promise.all([seenIn("/a/A"), seenIn("/b/B")]);
    expect(first).toEqual(["/a/A", "/a/A", "/a/A"]);
    expect(second).toEqual(["/b/B", "/b/B", "/b/B"]);
    expect(currentCall()).toBeUndefined();
  });

  it("is the same for a second copy of this module", async () => {
    vi.resetModules();
    const copy = await import("./served-call.ts");
    expect(copy.currentCall).not.toBe(currentCall);
    expect(runInCall(callTo("/a/A"), () => copy.currentCall()?.path)).toBe("/a/A");
  });
});
