import { expect, it } from "vitest";
import { createLogger } from "./log.ts";
import { telemetryLog } from "./telemetry-log.ts";

it("logs five lines a minute, and how many it did not", () => {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ stream: { write: (line) => lines.push(JSON.parse(line)) } });
  let time = 0;
  const log = telemetryLog(logger, () => time);
  for (let each = 0; each < 1_000; each += 1) {
    log.error("refused", each);
    time += 50;
  }
  expect(lines.map(({ telemetry }) => telemetry)).toEqual(
    [0, 1, 2, 3, 4].map((each) => `refused ${each}`),
  );
  time = 60_000;
  log.warn("again");
  log.warn("and again");
  expect(lines.slice(5)).toMatchObject([
    { level: "warn", message: "telemetry", telemetry: "again", unsaid: 995 },
    { level: "warn", message: "telemetry", telemetry: "and again" },
  ]);
  expect(lines[6]).not.toHaveProperty("unsaid");
});

it("logs no details, and no more of a text than 500 characters", () => {
  const lines: string[] = [];
  const log = telemetryLog(
    createLogger({ level: "debug", stream: { write: (line) => lines.push(line) } }),
  );
  log.debug("items to be sent", { secret: "s3cret" });
  log.info("s3cret");
  log.verbose("s3cret");
  expect(lines).toEqual([]);
  log.error("x".repeat(10_000));
  expect(JSON.parse(lines[0] ?? "").telemetry).toHaveLength(500);
});
