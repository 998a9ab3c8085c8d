import type { Logger } from "@grpc-kit/grpc-context";
import { describe, expect, it } from "vitest";
import { memoryLog } from "../../test/logging-lines.ts";
import { childLogger } from "./logging-child.ts";

const ids = { request_id: "r-1", trace_id: undefined };

describe("childLogger", () => {
  it("is a child of pino's", () => {
    const log = memoryLog("debug");
    childLogger(log.logger, ids).info({ a: 1 }, "one");
    expect(log.lines).toMatchObject([{ level: 30, msg: "one", a: 1, request_id: "r-1" }]);
    expect(childLogger(log.logger, ids)).toHaveProperty("bindings");
  });

  it.each([
    ["has no children", {}],
    ["has something else as child", { child: {} }],
    ["has children that are no loggers", { child: () => ({}) }],
    [
      "throws when asked for a child",
      {
        child: () => {
          throw new Error("no children");
        },
      },
    ],
  ])("adds the fields itself for a logger that %s", (_what, more) => {
    const lines: [string, object, string][] = [];
    const parent: Logger = {
      ...more,
      debug: (fields, message) => lines.push(["debug", fields, message]),
      info: (fields, message) => lines.push(["info", fields, message]),
      warn: (fields, message) => lines.push(["warn", fields, message]),
      error: (fields, message) => lines.push(["error", fields, message]),
    };
    const own = childLogger(parent, ids);
    const error = new Error("broken");
    own.debug({ a: 1, b: undefined }, "one");
    own.info({}, "two");
    own.warn({ request_id: "r-2" }, "three");
    own.error(error, "four");
    expect(lines).toStrictEqual([
      ["debug", { request_id: "r-1", a: 1 }, "one"],
      ["info", { request_id: "r-1" }, "two"],
      ["warn", { request_id: "r-2" }, "three"],
      ["error", { request_id: "r-1", err: error }, "four"],
    ]);
  });
});
