import { describe, expect, it } from "vitest";
import { readArguments } from "./read-arguments.ts";

const all = ["servers", "memory", "clients", "growth"];

describe("readArguments", () => {
  it.each([
    [[], { groups: all, rounds: 9, isQuick: false, isWhole: true }],
    [["--quick"], { groups: all, rounds: 1, isQuick: true, isWhole: false }],
    [["--rounds", "3"], { groups: all, rounds: 3, isQuick: false, isWhole: false }],
    [["memory"], { groups: ["memory"], rounds: 9, isQuick: false, isWhole: false }],
  ])("understands %j", (args, expected) => {
    expect(readArguments(args)).toEqual(expected);
  });

  it.each([
    ["--rounds=0", "--rounds must be a whole number of at least 1, got 0"],
    ["--rounds=many", "--rounds must be a whole number of at least 1, got many"],
    ["server", "group must be one of servers, memory, clients, growth, got server"],
  ])("refuses %s", (argument, message) => {
    expect(() => readArguments([argument])).toThrow(new RangeError(message));
  });
});
