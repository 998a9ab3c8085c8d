import { describe, expect, it, vi } from "vitest";
import { logServerEvents, logToStderr } from "./log.ts";

describe("logToStderr", () => {
  it("E4: writes one line of JSON, whatever is in it", () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const error = new Error("line one\nline two \u001b[31m\u2028");
    logToStderr("error", 'a "message"\n', { path: "/a/B", error });
    const [[text]] = write.mock.calls as [[string]];
    expect(text.trimEnd().split("\n")).toHaveLength(1);
    const line = JSON.parse(text);
    expect(line).toMatchObject({ level: "error", message: 'a "message"\n', path: "/a/B" });
    expect(line.error).toContain("Error: line one\nline two");
    expect(Date.parse(line.time)).not.toBeNaN();
  });
});

describe("logServerEvents", () => {
  it("logs what an operator acts on, and no refusals", () => {
    const log = vi.fn();
    const listen = logServerEvents(log);
    const error = new Error("no such file");
    listen({ type: "refused", refusal: "too_many_rpcs", peer: "10.0.0.1" });
    listen({ type: "phase", phase: "draining", durationMs: 5_000 });
    listen({ type: "calls_cut", calls: 3 });
    listen({ type: "tls_reload_failed", error });
    expect(log.mock.calls).toEqual([
      ["info", "phase", { phase: "draining", durationMs: 5_000 }],
      ["warn", "calls_cut", { calls: 3 }],
      ["error", "tls_reload_failed", { error }],
    ]);
  });
});
