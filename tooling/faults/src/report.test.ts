import { expect, it } from "vitest";
import { document, table } from "./report.ts";
import type { Result } from "./runner.ts";

const row = {
  id: "A1",
  fault: "a | b",
  promise: "none fails",
  isQuick: true,
  run: () => Promise.reject(new Error("not here")),
};
const missed: Result = {
  row,
  verdict: "missed",
  measured: "3 calls",
  misses: ["one failed:\n  with 13", "late"],
  seconds: 1,
  isSecondTry: false,
};

it("keeps each row in one line of the table, whatever it says, and ends with what was missed", () => {
  expect(table([missed]).split("\n").slice(2)).toEqual([
    "| A1 | a \\| b | none fails | 3 calls; MISSED: one failed: with 13; MISSED: late | MISSED |",
    "",
    "1 row: 0 kept, 1 MISSED (A1), 0 not run",
    "",
    "- A1: one failed: with 13",
    "- A1: late",
  ]);
});

it("tells in the document when, with what and where it was measured", () => {
  const surroundings = {
    date: new Date("2026-02-03T04:05:06Z"),
    nodeVersion: "26.1.0",
    machine: "Linux, 2 cores",
    seconds: 600,
  };
  expect(document([missed], surroundings)).toContain(
    "Measured on 2026-02-03 with Node.js 26.1.0 on Linux, 2 cores, in 10 minutes.",
  );
});
