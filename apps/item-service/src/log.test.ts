import { describe, expect, it } from "vitest";
import { createLogger, logServerEvents, logWorkersEvents } from "./log.ts";

function recordLines() {
  const lines: string[] = [];
  const logger = createLogger({ stream: { write: (line) => lines.push(line) } });
  return { logger, lines };
}

describe("createLogger", () => {
  it("E4: writes one line of JSON, whatever is in it", () => {
    const { logger, lines } = recordLines();
    const err = new Error("line one\nline two \u001b[31m\u2028", { cause: new Error("below") });
    logger.error({ path: "/a/B", err }, 'a "message"\n');
    logger.debug("not at this level");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd().split("\n")).toHaveLength(1);
    const line = JSON.parse(lines[0] ?? "");
    expect(line).toMatchObject({ level: "error", message: 'a "message"\n', path: "/a/B" });
    expect(line.err.message).toContain("line one\nline two");
    expect(line.err.stack).toContain("below");
    expect(Date.parse(line.time)).not.toBeNaN();
  });
});

describe("logServerEvents", () => {
  it("logs what an operator acts on, and no refusals", () => {
    const { logger, lines } = recordLines();
    const listen = logServerEvents(logger);
    listen({ type: "refused", refusal: "too_many_rpcs", peer: "10.0.0.1" });
    listen({ type: "phase", phase: "draining", durationMs: 5_000 });
    listen({ type: "calls_cut", calls: 3 });
    listen({ type: "tls_reload_failed", error: new Error("no such file") });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "info", message: "phase", phase: "draining", durationMs: 5_000 },
      { level: "warn", message: "calls_cut", calls: 3 },
      { level: "error", message: "tls_reload_failed", err: { message: "no such file" } },
    ]);
  });
});

describe("logWorkersEvents", () => {
  it("tells which worker, and whether somebody should look into it", () => {
    const { logger, lines } = recordLines();
    const listen = logWorkersEvents(logger);
    const exited = { type: "worker_exited", pid: 7, code: 1, signal: null } as const;
    listen({ type: "worker_ready", pid: 7 });
    listen({ ...exited, expected: true });
    listen({ ...exited, expected: false });
    listen({ type: "worker_killed", pid: 7, reason: "not_stopped" });
    listen({ type: "gave_up", error: new Error("no worker lives") });
    const pid = process.pid;
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "info", message: "worker_ready", worker: 7, pid },
      { level: "info", message: "worker_exited", code: 1 },
      { level: "error", message: "worker_exited", code: 1 },
      { level: "error", message: "worker_killed", reason: "not_stopped" },
      { level: "error", message: "gave_up", err: { message: "no worker lives" } },
    ]);
  });
});
