import type { Logger } from "@grpc-kit/grpc-context";
import { describe, expect, it } from "vitest";
import { memoryLog } from "../../test/logging-lines.ts";
import { CallLogger } from "./logging-call-logger.ts";

const ids = { request_id: "r-1" };

describe("CallLogger", () => {
  it("is a child of pino's, which is made for the first line", () => {
    const log = memoryLog("debug");
    const own = new CallLogger(log.logger, ids);
    own.debug({ a: 1 }, "one");
    own.info({}, "two");
    own.warn({}, "three");
    own.error({ a: 2 }, "four");
    expect(log.lines.map(({ level, msg, request_id }) => [level, msg, request_id])).toEqual([
      [20, "one", "r-1"],
      [30, "two", "r-1"],
      [40, "three", "r-1"],
      [50, "four", "r-1"],
    ]);
  });

  it("adds the fields itself for a logger without children", () => {
    const lines: [string, object, string][] = [];
    const parent: Logger = {
      debug: (fields, message) => lines.push(["debug", fields, message]),
      info: (fields, message) => lines.push(["info", fields, message]),
      warn: (fields, message) => lines.push(["warn", fields, message]),
      error: (fields, message) => lines.push(["error", fields, message]),
    };
    const own = new CallLogger(parent, ids);
    const error = new Error("broken");
    own.debug({ a: 1 }, "one");
    own.info({}, "two");
    own.warn({}, "three");
    own.error(error, "four");
    expect(lines).toEqual([
      ["debug", { ...ids, a: 1 }, "one"],
      ["info", ids, "two"],
      ["warn", ids, "three"],
      ["error", { ...ids, err: error }, "four"],
    ]);
  });
});
