import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { memoryLog } from "../../test/logging-lines.ts";
import { createRedactingLogger } from "./grpc-js-logs.ts";

const program = fileURLToPath(new URL("../../test/logging-token-program.ts", import.meta.url));
const token = "tok_S3CR3T.4711";
const base64 = Buffer.from(token).toString("base64").slice(0, 16);
const bytes = Buffer.from(token).join(",");

/** What a process writes that sends a token about. */
async function output(logs: "redacted" | "plain", env: NodeJS.ProcessEnv): Promise<string> {
  const args = ["--conditions=@grpc-kit/source", program, token, logs];
  const options = { env: { ...process.env, ...env }, timeout: 30_000, maxBuffer: 64 << 20 };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options);
  return stdout + stderr;
}

const tracing = { GRPC_TRACE: "all", GRPC_VERBOSITY: "DEBUG" };

describe("D14 redactGrpcJsLogs", { timeout: 40_000 }, () => {
  it("L19 keeps a token out of grpc-js's errors", async () => {
    const plain = await output("plain", {});
    expect(plain).toContain(`Failed to add metadata entry authorization: Bearer é-${token}`);
    const redacted = await output("redacted", {});
    expect(redacted).not.toContain("S3CR3T");
    expect(
      redacted
        .match(/^E Failed to add metadata entry .*$/gm)
        ?.sort()
        .slice(0, 2),
    ).toEqual([
      "E Failed to add metadata entry authorization: [redacted]",
      "E Failed to add metadata entry authorization: [redacted]",
    ]);
  });

  it("keeps it out of all that grpc-js traces", async () => {
    const plain = await output("plain", tracing);
    expect(plain).toContain(`authorization: Bearer ${token}`);
    expect(plain).toContain(bytes);
    const redacted = await output("redacted", tracing);
    for (const secret of ["S3CR3T", base64, bytes]) {
      expect(redacted).not.toContain(secret);
    }
    expect(redacted).toMatch(/D .*received headers \{"authorization":"\[redacted\]"/);
    expect(redacted).toMatch(/D .*Received server trailers: .*grpc-status: 13/);
    expect(redacted.split("\n").filter((line) => !/^[DIE] |^$/.test(line))).toEqual([]);
  });
});

describe("createRedactingLogger", () => {
  it("writes to a logger of pino's shape, each message on one line", () => {
    const log = memoryLog("debug");
    const grpcJs = createRedactingLogger(log.logger);
    grpcJs.error?.("E1", { toString: () => "Bearer S3CR3T" });
    grpcJs.info?.("two\nlines");
    grpcJs.debug?.(`long ${"x".repeat(100_000)}`);
    expect(log.lines).toMatchObject([
      { level: 50, component: "grpc-js", msg: "E1 Bearer [redacted]" },
      { level: 30, msg: "two lines" },
      { level: 20, msg: expect.stringMatching(/^long x{4000,4100}…$/) },
    ]);
  });

  it("hides headers that it cannot read", () => {
    const log = memoryLog("debug");
    const grpcJs = createRedactingLogger(log.logger);
    grpcJs.debug?.('Request to /a/B received headers {"x": "S3CR3T');
    grpcJs.error?.("Failed to add metadata entry A B: S3CR3T. é");
    expect(log.written.join("")).not.toContain("S3CR3T");
  });

  it("writes to stderr by default", () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const grpcJs = createRedactingLogger();
    grpcJs.error?.("a");
    grpcJs.info?.("b");
    grpcJs.debug?.("c");
    const lines = write.mock.calls.map(([line]) => line);
    write.mockRestore();
    expect(lines).toEqual(["E a\n", "I b\n", "D c\n"]);
  });
});
